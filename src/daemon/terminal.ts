import { createInterface } from 'node:readline/promises';

/** Asks on the terminal; undefined where there is nobody to answer. */
export function confirmation(): ((question: string) => Promise<boolean>) | undefined {
	if (!process.stdin.isTTY || !process.stdout.isTTY) return undefined;
	return async (question) => {
		const terminal = createInterface({ input: process.stdin, output: process.stdout });
		try {
			return /^y(es)?$/i.test((await terminal.question(question)).trim());
		} finally {
			terminal.close();
		}
	};
}
