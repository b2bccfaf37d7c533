/** Options of containers in the words of the OCI runtime specification 1.0.2, config-linux.md. */
import { statSync } from 'node:fs';
import { KleeneError } from '#errors/kleene-error.ts';
import type { Confinement, Device } from '#model/container/options.ts';
import type { SandboxSpec } from '#model/sandbox.ts';

export interface OciDevice {
	/** On the host. */
	readonly source: string;
	readonly path: string;
	readonly type: 'c' | 'b';
	readonly major: number;
	readonly minor: number;
	readonly fileMode: number;
	readonly uid: number;
	readonly gid: number;
	/** Letters of `rwm`. */
	readonly access: string;
}

/** Nodes that a runtime makes. In a user namespace none can be made: those of the host are bound instead. */
export function nodesOf({
	owner,
	devices = [],
}: {
	owner?: string | undefined;
	devices?: readonly OciDevice[];
}): object {
	if (owner !== undefined || devices.length === 0) return {};
	return { devices: devices.map(({ access: _, source: __, ...node }) => node) };
}

export function tmpfsMounts({ tmpfs = [] }: Confinement = {}) {
	return tmpfs.map(({ destination, size, mode = '1777' }) => ({
		destination,
		type: 'tmpfs',
		source: 'tmpfs',
		options: ['nosuid', 'nodev', `mode=${mode}`, ...(size === undefined ? [] : [`size=${size}`])],
	}));
}

/** Settings of the kernel in the namespaces of a container. */
export function sysctlsOf({ domainname, confinement }: Pick<SandboxSpec, 'domainname' | 'confinement'>): object {
	const sysctl = {
		...(domainname === undefined ? {} : { 'kernel.domainname': domainname }),
		...confinement?.sysctls,
	};
	return Object.keys(sysctl).length > 0 ? { sysctl } : {};
}

/** RLIM_INFINITY. Source: getrlimit(2); a number that JSON of JavaScript cannot have exactly is what it rounds to. */
const INFINITE = 2 ** 63;

export function rlimitsOf({ denied, confinement }: Pick<SandboxSpec, 'denied' | 'confinement'>): object {
	const value = (limit: number) => (limit === -1 ? INFINITE : limit);
	const given = (confinement?.ulimits ?? []).map(({ name, soft, hard }) => {
		return { type: `RLIMIT_${name.toUpperCase()}`, soft: value(soft), hard: value(hard) };
	});
	const isGiven = given.some(({ type }) => type === 'RLIMIT_MEMLOCK');
	const locked = denied?.includes('mlock') && !isGiven ? [{ type: 'RLIMIT_MEMLOCK', soft: 0, hard: 0 }] : [];
	const rlimits = [...given, ...locked];
	return rlimits.length > 0 ? { rlimits } : {};
}

/** @throws KleeneError INVALID_ARGUMENT for one that is not on the host */
export function lookUpDevices({ devices = [] }: Confinement = {}): OciDevice[] {
	return devices.map(lookUp);
}

function lookUp({ source, destination, access }: Device): OciDevice {
	const stat = statSync(source, { throwIfNoEntry: false });
	const type = stat?.isCharacterDevice() ? 'c' : stat?.isBlockDevice() ? 'b' : undefined;
	if (!stat || !type)
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot give the device ${source} to the container`,
			why: stat ? 'it is no device' : 'the host has no such file',
			hint: 'name a device of the host, e.g. --device /dev/fuse',
		});
	const { major, minor } = numbersOf(stat.rdev);
	return {
		source,
		path: destination,
		type,
		major,
		minor,
		fileMode: stat.mode & 0o777,
		uid: stat.uid,
		gid: stat.gid,
		access,
	};
}

/** Source: glibc, bits/sysmacros.h (gnu_dev_major, gnu_dev_minor). */
function numbersOf(device: number): { major: number; minor: number } {
	const high = Math.floor(device / 2 ** 32);
	const low = device % 2 ** 32;
	const major = ((low >>> 8) & 0xfff) + (high & ~0xfff);
	return { major, minor: (low & 0xff) + (((low >>> 12) & 0xf_ffff) << 8) };
}
