import { existsSync, globSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../command.ts';
import { CHECKOUT } from '../programs/paths.ts';
import { once } from './once.ts';

const BUNDLE = join(CHECKOUT, 'dist/console/index.html');
/** What the page is made of; the schemas of the API are types only. */
const SOURCES = ['src/console/**/*', 'scripts/build.ts', 'package-lock.json'];

/** Builds the page of klee console unless it is newer than its sources. */
export async function providePage(): Promise<void> {
	await once('page', isRecent, async () => {
		await outputOf([process.execPath, join(CHECKOUT, 'scripts/build.ts'), '--page'], { cwd: CHECKOUT });
	});
}

function isRecent(): boolean {
	if (!existsSync(BUNDLE)) return false;
	const made = statSync(BUNDLE).mtimeMs;
	return globSync(SOURCES, { cwd: CHECKOUT }).every((file) => statSync(join(CHECKOUT, file)).mtimeMs <= made);
}
