/** The options of kleened as data for the reference, read from the text of `kleened --help`. */
import { USAGE } from '../../src/daemon/configuration/config.ts';
import type { Term } from './commands.ts';

export interface DaemonUsage {
	/** Ways to call kleened, and the purpose of each; empty for the daemon itself. */
	readonly calls: readonly Term[];
	readonly options: readonly Term[];
	readonly remarks: readonly string[];
}

/** @throws for a line that is neither a call, an option, the continuation of one, nor a remark at the margin */
export function daemonUsage(text = USAGE): DaemonUsage {
	const calls: Term[] = [];
	const options: Term[] = [];
	const remarks: string[] = [];
	for (const line of text.split('\n').filter((each) => each !== '')) {
		const [, call, purpose = ''] = /^(?:Usage:| {6}) (kleened\b.*?)(?: {2,}(.+))?$/.exec(line) ?? [];
		const [, option, meaning = ''] = /^ {2}(-.*?)(?: {2,}(.+))?$/.exec(line) ?? [];
		const [, more] = /^ {10,}(.+)$/.exec(line) ?? [];
		const last = options.at(-1);
		if (call !== undefined) calls.push({ term: call, description: purpose });
		else if (option !== undefined) options.push({ term: option, description: meaning });
		else if (more !== undefined && last)
			options.splice(-1, 1, { ...last, description: `${last.description} ${more}`.trim() });
		else if (/^\S/.test(line)) remarks.push(line);
		else throw new Error(`kleened --help has a line that the reference cannot read: "${line}"`);
	}
	return { calls, options, remarks };
}
