/** The runtime replaces bytes that are not UTF-8. The API takes text, so they are refused instead of sent as others. */
import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { usageError } from './failure.ts';

/** In the place of bytes that were lost; a user may also have typed it. */
const REPLACEMENT = '\u{fffd}';

/** Bytes as the kernel has them. Where it does not show them, every replacement counts as a loss. */
const SOURCES = { argument: '/proc/self/cmdline', environment: '/proc/self/environ' } as const;

/** @throws usage error for a text that has lost bytes. @param name for the message, e.g. `argument 3` */
export function requireText(text: string, name: string, source: keyof typeof SOURCES): void {
	if (text.includes(REPLACEMENT) && !isText(SOURCES[source])) throw notText(name);
}

/** @throws usage error where the bytes of a file are not UTF-8 */
export function textOf(bytes: Buffer, name: string): string {
	if (!isUtf8(bytes)) throw notText(name);
	return bytes.toString('utf8');
}

function notText(name: string): Error {
	const hint = 'write it in UTF-8; bytes of any kind go through standard input, volumes and klee cp';
	return usageError(`${name} is not UTF-8 text`, 'kleened takes text, and other bytes would arrive changed', hint);
}

function isText(path: string): boolean {
	try {
		return isUtf8(readFileSync(path));
	} catch {
		return false;
	}
}
