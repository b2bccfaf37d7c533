/**
 * Writes the reference of the command line, docs/cli.md and the manual pages in packaging/man, from the declarations of
 * klee (src/cli/syntax) and kleened. `node scripts/cli-reference.ts` rewrites them; a test compares.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { commandLine } from './reference/commands.ts';
import { daemonUsage } from './reference/daemon-options.ts';
import { kleeManPage, kleenedManPage } from './reference/man-pages.ts';
import { markdownReference } from './reference/markdown.ts';

const CHECKOUT = join(import.meta.dirname, '..');

/** The files by their path in the checkout, as they should be. */
export function referenceFiles(): Readonly<Record<string, string>> {
	const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };
	const klee = commandLine();
	const kleened = daemonUsage();
	return {
		'docs/cli.md': markdownReference(klee, kleened),
		'packaging/man/klee.1': kleeManPage(klee, version),
		'packaging/man/kleened.8': kleenedManPage(kleened, version),
	};
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
	for (const [path, content] of Object.entries(referenceFiles())) {
		mkdirSync(dirname(join(CHECKOUT, path)), { recursive: true });
		writeFileSync(join(CHECKOUT, path), content);
	}
