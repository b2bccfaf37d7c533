import { closeSync, openSync } from 'node:fs';
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

/** Whether this process has a controlling terminal: none as a service, and none once its terminal was closed. */
export function hasTerminal(): boolean {
	try {
		closeSync(openSync('/dev/tty', 'r'));
		return true;
	} catch {
		return false;
	}
}
