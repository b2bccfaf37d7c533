import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FreebsdPlace } from '#model/host/freebsd-place.ts';
import { LocalShell } from '#os/shell/local.ts';
import type { Shell, ShellLog } from '#os/shell/shell.ts';
import { SshShell } from '#os/shell/ssh.ts';
import { HostLock } from './host-lock.ts';
import { Paths, parseZfsRoot, RUN_DIRECTORY } from './paths.ts';
import { StateDirectory } from './sandbox/run-directory.ts';

export interface ConnectionOptions {
	readonly place: FreebsdPlace;
	/** Directory of the daemon, for the socket of the connection. */
	readonly root: string;
	readonly log: ShellLog;
	/** True: the host is locked for this daemon before anything is done there. */
	readonly lock: boolean;
}

/** The way to the host: a shell here, or one behind ssh. */
export async function connect({ place, root, log, lock }: ConnectionOptions): Promise<Shell> {
	const { batch } = new StateDirectory(new Paths(parseZfsRoot(place.zfsRoot)).state());
	const precondition = lock ? new HostLock({ directory: RUN_DIRECTORY, root, log }) : undefined;
	const options = { batch, ...(precondition ? { precondition } : {}) };
	if (!place.remote) return new LocalShell(options);
	const { user, host, port, key, knownHosts } = place.remote;
	const directory = join(root, 'ssh');
	mkdirSync(directory, { recursive: true, mode: 0o700 });
	const access = { target: { user, host, port }, directory, ...(key && { key }), ...(knownHosts && { knownHosts }) };
	return SshShell.connect(access, log, options);
}
