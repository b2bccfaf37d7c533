/** The base image for tests as a tar archive, made with the real `klee image create fetch-auto`. */
import { existsSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../command.ts';
import { CACHE } from '../programs/paths.ts';
import { TestHost } from '../test-host.ts';
import { once } from './once.ts';

/** Older ones are made anew, so that what fetch-auto makes today is what is tested. Milliseconds. */
const MAX_AGE = 12 * 60 * 60 * 1000;

const BASE_ARCHIVE = join(CACHE, 'base.tar');

/** Makes the archive when there is none of today. */
export async function provideBaseArchive(): Promise<string> {
	await once('base', isFresh, makeArchive);
	return BASE_ARCHIVE;
}

function isFresh(): boolean {
	return existsSync(BASE_ARCHIVE) && Date.now() - statSync(BASE_ARCHIVE).mtimeMs < MAX_AGE;
}

async function makeArchive(): Promise<void> {
	const host = await TestHost.start({ online: true });
	try {
		// Packages come over the network, which may take minutes.
		const made = await host.kleeWith({ timeout: 170_000 }, 'image', 'create', '-t', 'Debian', 'fetch-auto');
		if (made.code !== 0) throw new Error(`there is no base image: ${made.stdout}${made.stderr}`);
		const { dataset } = await host.kleeJson<{ dataset: string }>('isi', 'Debian');
		const files = join(host.root, dataset);
		// Once made, it is used for hours: what is no system must not become the image of all tests.
		if (!existsSync(join(files, 'bin/sh'))) throw new Error(`there is no system in ${files}`);
		const unfinished = `${BASE_ARCHIVE}.${process.pid}`;
		await outputOf(['tar', '--create', '--numeric-owner', '--xattrs', '--file', unfinished, '-C', files, '.']);
		renameSync(unfinished, BASE_ARCHIVE);
	} finally {
		await host.close();
	}
}
