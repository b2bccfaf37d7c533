import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const made: string[] = [];

/** A directory with a Dockerfile and other files. */
export function context(dockerfile: string, files: Readonly<Record<string, string>> = {}): string {
	const directory = mkdtempSync(join(tmpdir(), 'kleene-build-'));
	made.push(directory);
	for (const [name, text] of Object.entries({ Dockerfile: dockerfile, ...files })) {
		mkdirSync(dirname(join(directory, name)), { recursive: true });
		writeFileSync(join(directory, name), text);
	}
	return directory;
}

/** Removes those of a test. */
export function removeContexts(): void {
	for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}
