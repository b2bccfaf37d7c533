/** What processes of a container see and may do, beyond what jail(8) has parameters for. */
import type { Confinement, Device, Tmpfs, Ulimit } from '#model/container/options.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { Paths } from '../paths.ts';
import { refusal } from '../refusals.ts';
import { IN_ROOT } from '../storage/inroot.ts';
import { isMounted } from '../storage/mounts.ts';
import { makeDirectories } from '../storage/nullfs.ts';

/** Part of a script: after the jail and the mounts of the container were made, before its first process. */
export function confine(paths: Paths, container: string, confinement: Confinement): Script {
	const root = paths.containerRoot(container);
	const { tmpfs = [], devices = [], readonly } = confinement;
	return lines(
		...tmpfs.map((one) => mountMemory(root, one)),
		...devices.map((one) => showDevice(root, one)),
		nameServers(root, confinement),
		// Mounts below it stay as they are.
		readonly ? sh`zfs set readonly=on ${paths.containerDataset(container)}` : sh`:`,
	);
}

/** The opposite of what goes neither with the mounts nor with the jail. */
export function release(paths: Paths, container: string, { confinement }: SandboxSpec): Script {
	return confinement?.readonly ? sh`zfs inherit readonly ${paths.containerDataset(container)}` : sh`:`;
}

/** The commands of `confine`, for people. */
export function describeConfinement(paths: Paths, container: string, confinement: Confinement = {}): string[] {
	const { tmpfs = [], devices = [], readonly, dns, search } = confinement;
	const root = paths.containerRoot(container);
	return [
		...tmpfs.map(
			({ destination, mode = '1777' }) => `mount -t tmpfs -o nosuid,mode=${mode} tmpfs ${root}${destination}`,
		),
		...devices.map(({ source }) => `devfs -m ${root}/dev rule apply path ${nameOf(source)} unhide`),
		...(dns || search ? [`# name servers into ${root}/etc/resolv.conf`] : []),
		...(readonly ? [`zfs set readonly=on ${paths.containerDataset(container)}`] : []),
	];
}

function mountMemory(root: string, { destination, size, mode = '1777' }: Tmpfs): Script {
	const place = `${root}${destination}`;
	const what = `cannot mount a tmpfs at ${destination}`;
	const failed = refusal({
		code: 'HOST_FAILED',
		what,
		why: sh`"$words"`,
		hint: 'see the reason; the module is loaded with "kldload tmpfs"',
	});
	const bytes = size === undefined ? sh`$(($(sysctl -n hw.physmem) / 2))` : sh`${size}`;
	return lines(
		makeDirectories(what, root, destination),
		sh`if ! ${isMounted(place)}; then`,
		sh`	words=$(mount -t tmpfs -o ${`nosuid,mode=${mode},size=`}${bytes} tmpfs ${place} 2>&1) || ${failed}`,
		sh`	kleene_mounts=`,
		sh`fi`,
	);
}

/** Below /dev. */
function nameOf(device: string): string {
	return device.slice('/dev/'.length);
}

/** With the directories that it is in. */
function showDevice(root: string, { source, destination, access }: Device): Script {
	const what = `cannot give the container ${source}`;
	if (source !== destination)
		return refusal({
			code: 'UNSUPPORTED_HERE',
			what: `${what} as ${destination}`,
			why: 'devices of a jail have the names that they have on the host',
			hint: `write --device ${source}`,
		});
	if (!access.includes('r') || !access.includes('w'))
		return refusal({
			code: 'UNSUPPORTED_HERE',
			what: `${what} for '${access}' alone`,
			why: 'a device is there with the permissions of its node, or not at all',
			hint: `write --device ${source}`,
		});
	const missing = refusal({
		code: 'INVALID_ARGUMENT',
		what,
		why: 'the host has no such device',
		hint: 'see "ls /dev"',
	});
	const parts = nameOf(source).split('/');
	const names = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
	return lines(
		sh`[ -c ${source} ] || ${missing}`,
		sh`for name in ${names}; do devfs -m ${`${root}/dev`} rule apply path "$name" unhide; done`,
	);
}

/** Lines of resolv.conf(5) in place of those of their kind. Nothing runs in the container that could move a link. */
function nameServers(root: string, { dns, search }: Confinement): Script {
	if (!dns && !search) return sh`:`;
	const kinds = [...(dns ? ['nameserver'] : []), ...(search ? ['search', 'domain'] : [])];
	const more = [...(search ? [`search ${search.join(' ')}`] : []), ...(dns ?? []).map((one) => `nameserver ${one}`)];
	return lines(
		IN_ROOT,
		sh`find_in_root ${root} /etc/resolv.conf`,
		sh`[ -d "\${found%/*}" ] || mkdir -p "\${found%/*}"`,
		sh`kept=; [ ! -f "$found" ] || kept=$(grep -Ev ${`^[[:blank:]]*(${kinds.join('|')})[[:blank:]]`} "$found") || :`,
		sh`{ [ -z "$kept" ] || printf '%s\\n' "$kept"; printf '%s\\n' ${more}; } >"$found"`,
	);
}

/** Flags of ulimit in sh(1), with the bytes that its unit has. */
const ULIMITS: Readonly<Record<string, { readonly flag: string; readonly unit: number }>> = {
	as: { flag: '-v', unit: 1024 },
	core: { flag: '-c', unit: 512 },
	cpu: { flag: '-t', unit: 1 },
	data: { flag: '-d', unit: 1024 },
	fsize: { flag: '-f', unit: 512 },
	memlock: { flag: '-l', unit: 1024 },
	nofile: { flag: '-n', unit: 1 },
	nproc: { flag: '-u', unit: 1 },
	rss: { flag: '-m', unit: 1024 },
	stack: { flag: '-s', unit: 1024 },
};

/** Limits that processes can be given, each up to that of the host. */
export const POSSIBLE_ULIMITS: Readonly<Record<string, number>> = Object.fromEntries(
	Object.keys(ULIMITS).map((name) => [name, Number.POSITIVE_INFINITY]),
);

/** One line for a shell inside, each command with `&&` behind it; `''`: none. jexec -l sets the limits of the login class. */
export function ulimitCommands(ulimits: readonly Ulimit[] = []): string {
	return ulimits
		.flatMap(({ name, soft, hard }) => {
			const { flag = '', unit = 1 } = ULIMITS[name] ?? {};
			const value = (limit: number) => (limit === -1 ? 'unlimited' : `${Math.floor(limit / unit)}`);
			return [`ulimit -S ${flag} ${value(soft)} && `, `ulimit -H ${flag} ${value(hard)} && `];
		})
		.join('');
}
