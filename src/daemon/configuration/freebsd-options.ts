import { isAbsolute } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';
import { parseSshTarget } from '#inet/ssh-target.ts';
import type { FreebsdPlace, RemoteHost } from '#model/host/freebsd-place.ts';

export const DEFAULT_ZFS_ROOT = 'zroot/kleene';

export interface FreebsdArguments {
	readonly host: string | undefined;
	readonly key: string | undefined;
	readonly knownHosts: string | undefined;
	readonly zfsRoot: string | undefined;
	/** Whether the daemon itself runs on FreeBSD. */
	readonly local: boolean;
}

const DATASET = /^[a-zA-Z0-9][a-zA-Z0-9_.:-]*(\/[a-zA-Z0-9][a-zA-Z0-9_.:-]*)*$/;

/** @returns undefined where neither the daemon nor its host is on FreeBSD. */
export function parseFreebsdOptions(options: FreebsdArguments): FreebsdPlace | undefined {
	const { host, key, knownHosts, zfsRoot, local } = options;
	if (host === undefined && !local) {
		const [stray] = Object.entries({ '--ssh-key': key, '--ssh-known-hosts': knownHosts, '--zfs-root': zfsRoot })
			.filter(([, value]) => value !== undefined)
			.map((one) => one.join(' '));
		if (stray) throw refuse(stray, 'this host is not FreeBSD', 'name one with --freebsd-host ssh://root@HOST');
		return undefined;
	}
	const dataset = zfsRoot ?? DEFAULT_ZFS_ROOT;
	if (!DATASET.test(dataset))
		throw refuse(`--zfs-root ${dataset}`, 'it is not the name of a dataset', `write it as ${DEFAULT_ZFS_ROOT}`);
	return { remote: host === undefined ? undefined : parseRemote(host, options), zfsRoot: dataset };
}

function parseRemote(text: string, { key, knownHosts }: FreebsdArguments): RemoteHost {
	const target = parseSshTarget(/^ssh:\/\/(.*?)\/?$/.exec(text)?.[1] ?? '');
	if (!target)
		throw refuse(`--freebsd-host ${text}`, 'it is not the address of an ssh server', 'write it as ssh://root@bsd1:22');
	if (key !== undefined && !isAbsolute(key))
		throw refuse(`--ssh-key ${key}`, 'it is not an absolute path', 'write it in full, e.g. /root/.ssh/id_ed25519');
	// ssh reads more than one name there, and replaces what looks like a variable.
	if (knownHosts !== undefined && (!isAbsolute(knownHosts) || /["\n]|\$\{/.test(knownHosts)))
		throw refuse(
			`--ssh-known-hosts ${knownHosts}`,
			`it is not an absolute path without '"' and "\${"`,
			'write it in full, e.g. /root/.ssh/known_hosts',
		);
	return { ...target, user: target.user || 'root', key, knownHosts };
}

function refuse(what: string, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'CONFIG_INVALID', what: `cannot use ${what}`, why, hint });
}
