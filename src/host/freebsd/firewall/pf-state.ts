/** Whether pf of a host does what Kleene needs of it, as `facts` and `kleened setup-pf` are told. */
import { isEnabled, parseAnchorCalls, parseSkipped } from '#os/freebsd/pfctl.ts';
import { type Script, sh } from '#os/shell/quote.ts';
import { ANCHOR_LINES } from './pf-conf.ts';

export interface PfState {
	/** The kernel has it. */
	readonly loaded: boolean;
	readonly enabled: boolean;
	/** Of the three lines, those that the main ruleset in force lacks. */
	readonly lacking: readonly string[];
	/** Loopback interfaces and groups of them that pf passes over because of `set skip on`. */
	readonly skipped: readonly string[];
}

const MARK = '--- pf: ';

/** Only looks. Its output is for `readPfState`. */
export const PF_STATE: Script = sh`
if info=$(pfctl -s info 2>/dev/null); then
	printf '%s\n%s\n' '--- pf: info' "$info"
	printf '%s\n' '--- pf: rules'; pfctl -s nat; pfctl -s rules
	printf '%s\n' '--- pf: interfaces'; pfctl -s Interfaces -v
fi`;

export function readPfState(output: string): PfState {
	const sections = new Map(
		output.split(MARK).map((text) => {
			const [name = '', ...rest] = text.split('\n');
			return [name, rest.join('\n')] as const;
		}),
	);
	const asked = parseAnchorCalls(sections.get('rules') ?? '').filter(({ unconditional }) => unconditional);
	const lines = asked.map(({ kind, name }) => `${kind} "${name}"`);
	return {
		loaded: sections.has('info'),
		enabled: isEnabled(sections.get('info') ?? ''),
		lacking: ANCHOR_LINES.filter((line) => !lines.includes(line)),
		skipped: parseSkipped(sections.get('interfaces') ?? '').filter((name) => /^lo\d*$/.test(name)),
	};
}

/** For `HostFacts.lacking`: what is not as it should be, and what Kleene does instead. */
export function lackingOf({ loaded, enabled, lacking, skipped }: PfState): string[] {
	const hint = 'networks are refused until "kleened setup-pf --write"';
	if (!loaded) return [`pf is not loaded: ${hint}`];
	return [
		...(enabled ? [] : [`pf is not enabled: ${hint}`]),
		...(lacking.length > 0 ? [`pf.conf lacks ${lacking.join(', ')}: ${hint}`] : []),
		...(skipped.length > 0
			? [
					`pf passes over ${skipped.join(', ')} ("set skip on"): ipnet containers reach one another whatever their networks say, and the host does not reach ports that it publishes by its own addresses; take the line out of pf.conf`,
				]
			: []),
	];
}
