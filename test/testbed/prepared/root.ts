/**
 * A root directory with the base image in it, as the daemon of this checkout made it: a test's host begins with a copy,
 * whose files are hard links. What unpacks an image is tested elsewhere, once.
 */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf, run } from '../command.ts';
import { CACHE } from '../programs/paths.ts';
import { TestHost } from '../test-host.ts';
import { provideBaseArchive } from './base-archive.ts';
import { once } from './once.ts';

const CHECKOUT = join(import.meta.dirname, '../../..');
/** What decides how a root directory looks. */
const MAKERS = [
	'src/store/**/*.ts',
	'src/host/linux/storage/**/*.ts',
	'src/os/archive/**/*.ts',
	'src/model/image.ts',
	'src/model/layer.ts',
];
/** What a copy begins with; the rest a daemon makes at its start. */
const KEPT = ['metadata.sqlite', 'layers'];
/** Milliseconds after which nobody is expected to use one again. */
const MAX_AGE = 12 * 60 * 60 * 1000;

/** @param root an empty directory */
export async function fillRoot(root: string): Promise<void> {
	const archive = await provideBaseArchive();
	const prepared = join(CACHE, `root-${fingerprint(archive)}`);
	await once(
		'root',
		() => existsSync(prepared),
		() => prepare(prepared, archive),
	);
	for (const name of KEPT) {
		const copy = (how: string) => ['cp', '--archive', how, join(prepared, name), root];
		// A database is written to. Files of layers are not, but cannot be linked from one file system to another.
		const linked = name === 'layers' && (await run(copy('--link'))).code === 0;
		if (!linked) await outputOf(copy('--reflink=auto'));
	}
}

function fingerprint(archive: string): string {
	const hash = createHash('sha256').update(String(statSync(archive).mtimeMs));
	for (const file of globSync(MAKERS, { cwd: CHECKOUT }).toSorted()) hash.update(readFileSync(join(CHECKOUT, file)));
	return hash.digest('hex').slice(0, 16);
}

async function prepare(prepared: string, archive: string): Promise<void> {
	for (const name of readdirSync(CACHE).filter((name) => name.startsWith('root-'))) {
		const path = join(CACHE, name);
		if (Date.now() - statSync(path).mtimeMs > MAX_AGE) rmSync(path, { recursive: true, force: true });
	}
	const unfinished = `${prepared}.${process.pid}`;
	mkdirSync(unfinished);
	const host = await TestHost.start();
	try {
		await host.kleeOutput('image', 'create', '-t', 'Debian', 'fetch', `file://${archive}`);
		await host.stopDaemon();
		for (const name of KEPT) await outputOf(['cp', '--archive', join(host.root, name), unfinished]);
	} finally {
		await host.close();
	}
	renameSync(unfinished, prepared);
}
