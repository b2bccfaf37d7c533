import type { Script } from '#os/shell/quote.ts';

/** One question to the host, among others in one exchange: what is run there, and what its output says. */
export interface Section<T> {
	readonly script: Script;
	/** See `Section` of `#os/shell/shell.ts`. */
	readonly plain?: boolean;
	/** @param output all that the script wrote to its standard output */
	parse(output: string): T;
}
