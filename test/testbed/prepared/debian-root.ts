/** A small Debian system with dpkg, systemd's tools and the packages that Kleene depends on, as a tar archive. */
import { existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../command.ts';
import { CACHE } from '../programs/paths.ts';
import { once } from './once.ts';

/** Packages of the base system change seldom, and fetching them takes minutes. Milliseconds. */
const MAX_AGE = 7 * 24 * 60 * 60 * 1000;
const ARCHIVE = join(CACHE, 'debian-root.tar');
/** Without nodejs: Debian 12 has an older one than Kleene needs, so the test makes a package of its own; Node needs libatomic1. */
const PACKAGES =
	'systemd,conmon,runc,libnftables1,netbase,iproute2,xz-utils,bzip2,zstd,busybox-static,procps,libatomic1';
const SOURCES = '/etc/apt/sources.list.d/debian.sources';

/** Makes the archive when there is none of this week. @returns its path */
export async function provideDebianRoot(): Promise<string> {
	await once('debian-root', isFresh, makeArchive);
	return ARCHIVE;
}

function isFresh(): boolean {
	return existsSync(ARCHIVE) && Date.now() - statSync(ARCHIVE).mtimeMs < MAX_AGE;
}

async function makeArchive(): Promise<void> {
	const unfinished = `${ARCHIVE}.${process.pid}`;
	// Tests have no way out to the network of the machine: only this process gets it.
	const machine = process.env.KLEENE_TEST_MACHINE;
	const online = machine === undefined ? [] : ['nsenter', `--net=${machine}`];
	const confined = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
	const leftOut = ['doc', 'locale'].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
	const release = await outputOf(['sh', '-c', '. /etc/os-release && printf %s "$VERSION_CODENAME"']);
	const sources = existsSync(SOURCES) ? SOURCES : '/etc/apt/sources.list';
	const argv = ['mmdebstrap', '--variant=essential', '--format=tar', `--include=${PACKAGES}`, ...leftOut];
	try {
		await outputOf([...online, ...confined, ...argv, release, unfinished, sources], { timeout: 230_000 });
		renameSync(unfinished, ARCHIVE);
	} finally {
		rmSync(unfinished, { force: true });
	}
}
