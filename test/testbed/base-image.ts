/**
 * The base image for tests: made once with the real `klee image create fetch-auto`, kept as a tar archive, and given to
 * every later host through `fetch file:///...`.
 */
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { outputOf } from './command.ts';
import { CACHE } from './klee/programs.ts';
import { TestHost } from './test-host.ts';
import { Outside } from './traffic/outside.ts';

/** Older ones are made anew, so that what fetch-auto makes today is what is tested. Milliseconds. */
const MAX_AGE = 12 * 60 * 60 * 1000;

const BASE_ARCHIVE = join(CACHE, 'base.tar');

/** A lock that is older is of somebody who was killed: no test may take as long. Milliseconds. */
const LONGEST_WORK = 4 * 60 * 1000;

/** Makes the archive when there is none of today; of several test processes one works and the others wait. */
export async function provideBaseArchive(): Promise<string> {
	mkdirSync(CACHE, { recursive: true, mode: 0o700 });
	const lock = join(CACHE, 'lock');
	for (let waited = 0; !isFresh(); waited += 1) {
		if (!takeLock(lock)) {
			if (waited > 2000) throw new Error(`another test holds ${lock}; remove it if that one was killed`);
			await sleep(100);
			continue;
		}
		try {
			await makeArchive();
		} finally {
			rmSync(lock, { recursive: true, force: true });
		}
	}
	return BASE_ARCHIVE;
}

function isFresh(): boolean {
	return existsSync(BASE_ARCHIVE) && Date.now() - statSync(BASE_ARCHIVE).mtimeMs < MAX_AGE;
}

function takeLock(lock: string): boolean {
	try {
		mkdirSync(lock);
		return true;
	} catch {
		// The next try takes it. Two that remove it both do the work, and no more comes of that.
		if (isStale(lock)) rmSync(lock, { recursive: true, force: true });
		return false;
	}
}

function isStale(lock: string): boolean {
	const made = statSync(lock, { throwIfNoEntry: false })?.mtimeMs;
	return made !== undefined && Date.now() - made > LONGEST_WORK;
}

async function makeArchive(): Promise<void> {
	const host = await TestHost.start();
	try {
		// Packages come over the network, which may take minutes.
		const made = await host.kleeWith({ timeout: 170_000 }, 'image', 'create', '-t', 'Debian', 'fetch-auto');
		if (made.code !== 0) throw new Error(`there is no base image: ${made.stdout}${made.stderr}`);
		const { dataset } = await host.kleeJson<{ dataset: string }>('isi', 'Debian');
		const files = join(host.root, dataset, 'root');
		const unfinished = `${BASE_ARCHIVE}.${process.pid}`;
		await outputOf(['tar', '--create', '--numeric-owner', '--xattrs', '--file', unfinished, '-C', files, '.']);
		renameSync(unfinished, BASE_ARCHIVE);
	} finally {
		await host.close();
	}
}

/** The same with an uplink and somebody at its other end. */
export async function startHostWithUplink(): Promise<TestHost> {
	const outsides: Outside[] = [];
	try {
		const host = await startHostWithImage(async (namespace) => {
			outsides.push(await Outside.beside(namespace));
		});
		for (const outside of outsides) host.takeAlong(outside);
		return host;
	} catch (error) {
		for (const outside of outsides) await outside.close();
		throw error;
	}
}

/** A started host that has the image `Debian:latest`. @param prepare as for `TestHost.start` */
export async function startHostWithImage(prepare?: (namespace: string) => Promise<void>): Promise<TestHost> {
	const archive = await provideBaseArchive();
	const host = await TestHost.start(prepare);
	await host.kleeOutput('image', 'create', '-t', 'Debian', 'fetch', `file://${archive}`);
	return host;
}
