/** Parses the output of `pfctl -s …`. Recordings of FreeBSD 13.2: test/host-freebsd/pf-recordings. */

/** `pfctl -s info`. */
export function isEnabled(info: string): boolean {
	return /^Status: Enabled\b/m.test(info);
}

/** `pfctl [-a PARENT] -s Anchors`: the direct children, with their whole path. */
export function parseAnchors(text: string): string[] {
	return textLines(text).map((line) => line.trim());
}

export interface AnchorCall {
	readonly kind: 'anchor' | 'nat-anchor' | 'rdr-anchor';
	/** As it is written, e.g. `kleene/*`. */
	readonly name: string;
	/** False where it is only asked for some packets, e.g. `on em0`. */
	readonly unconditional: boolean;
}

/** Which anchors a ruleset asks: `pfctl -s nat`, `pfctl -s rules`. */
export function parseAnchorCalls(text: string): AnchorCall[] {
	return textLines(text).flatMap((line) => {
		const [, kind, name = '', rest] = /^(anchor|nat-anchor|rdr-anchor) "([^"]+)" (.*)$/.exec(line) ?? [];
		if (kind === undefined) return [];
		return [{ kind: kind as AnchorCall['kind'], name, unconditional: rest?.trim() === 'all' }];
	});
}

/** `pfctl -s Interfaces -v`: interfaces and groups that pf passes over, because of `set skip on`. */
export function parseSkipped(text: string): string[] {
	return textLines(text).flatMap((line) => /^(\S+) \(skip\)$/.exec(line)?.[1] ?? []);
}

/** The `label` of a rule that `pfctl -s rules` printed. */
export function labelOf(rule: string): string | undefined {
	return / label "([^"]*)"/.exec(rule)?.[1];
}

/** Errors reported by `pfctl -f`: `stdin:3: syntax error`. Lines count from 1. */
export interface RuleFault {
	readonly line: number;
	readonly reason: string;
}

export function parseFaults(stderr: string): RuleFault[] {
	return textLines(stderr).flatMap((text) => {
		const [, line, reason = ''] = /^[^:\s]+:(\d+): (.+)$/.exec(text) ?? [];
		return line === undefined ? [] : [{ line: Number(line), reason }];
	});
}

function textLines(text: string): string[] {
	return text.split('\n').filter((line) => line.trim() !== '');
}
