/**
 * Why an archive was not unpacked:
 * - `hostile`: an entry would land outside, or reach something through a link
 * - `unsupported`: a kind of entry or compression that is not read here
 * - `corrupt`: truncated, damaged, or no archive at all
 * - `full`: going on would fill the file system
 * - `unreachable`: the archive could not be fetched or opened
 */
export type ArchiveProblem = 'hostile' | 'unsupported' | 'corrupt' | 'full' | 'unreachable';

export class ArchiveError extends Error {
	readonly problem: ArchiveProblem;
	/** Name of the entry, printable; absent when it is about the archive as a whole. */
	readonly entry: string | undefined;

	constructor(problem: ArchiveProblem, message: string, options: { entry?: string; cause?: unknown } = {}) {
		super(message, { cause: options.cause });
		this.name = 'ArchiveError';
		this.problem = problem;
		this.entry = options.entry;
	}
}
