import type { ShellSession } from './shell.ts';

/** Characters that are kept. */
const SAID = 4000;

/** Reads the error output of a session. @returns a function that gives the end of what came until then */
export function errorOutput(session: ShellSession): () => string {
	let said = '';
	session.stderr.setEncoding('utf8').on('data', (text: string) => {
		said = `${said}${text}`.slice(-SAID);
	});
	return () => said;
}
