import { parseAddress } from '#inet/address.ts';
import type { Confinement } from '#model/container/options.ts';
import type { NetworkDriver } from '#model/container.ts';
import type { HostTraits } from '#model/host/traits.ts';
import { refuse } from './flags.ts';

/** Linux capabilities, without `CAP_`. Source: capabilities(7). */
const CAPABILITIES: ReadonlySet<string> = new Set(
	`AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID
	IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE NET_BROADCAST NET_RAW
	PERFMON SETFCAP SETGID SETPCAP SETUID SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE SYS_PACCT SYS_PTRACE SYS_RAWIO
	SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG SYSLOG WAKE_ALARM`.split(/\s+/),
);
/** The init of a container becomes the user of a process by them. */
const OF_INIT = ['SETGID', 'SETUID'];

/** Settings that an IPC namespace has of its own. Source: Docker (moby opts/opts.go, ValidateSysctl). */
const IPC_SYSCTL = /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced)|fs\.mqueue\.[a-z_]+)$/;
const NET_SYSCTL = /^net\.[\w.\-/]+$/;
/** Domain name of resolv.conf(5). */
const DOMAIN = /^(?=.{1,253}$)[\w-]{1,63}(\.[\w-]{1,63})*\.?$/;
/** Places that every container has of its own. */
const TAKEN = ['/', '/proc', '/sys', '/dev'];

/** @throws KleeneError INVALID_ARGUMENT */
export function requireConfinement(options: Confinement, traits: HostTraits, driver: NetworkDriver): void {
	requirePlaces(options);
	requireCapabilities(options, driver);
	requireSysctls(options, driver);
	requireUlimits(options, traits);
	requireNames(options);
}

function requirePlaces({ tmpfs = [], devices = [] }: Confinement): void {
	for (const { destination } of tmpfs)
		if (!isPath(destination) || TAKEN.includes(destination))
			throw refuse('tmpfs', `nothing can be mounted at ${JSON.stringify(destination)}`, 'write e.g. --tmpfs /run');
	for (const { source, destination } of devices)
		if (!isPath(source) || !isPath(destination) || !source.startsWith('/dev/') || !destination.startsWith('/dev/'))
			throw refuse('devices', `${JSON.stringify(source)} is no path below /dev`, 'write e.g. --device /dev/fuse');
}

function isPath(path: string): boolean {
	const isSound = (part: string) => part !== '' && part !== '.' && part !== '..';
	return path === '/' || (path.startsWith('/') && path.slice(1).split('/').every(isSound) && !path.includes('\0'));
}

function requireCapabilities({ capabilities: { add = [], drop = [] } = {} }: Confinement, driver: NetworkDriver): void {
	const unknown = [...add, ...drop.filter((name) => name !== 'ALL')].find((name) => !CAPABILITIES.has(name));
	if (unknown !== undefined)
		throw refuse('capabilities', `there is no capability ${unknown}`, 'see capabilities(7), e.g. --cap-add SYS_PTRACE');
	if (add.includes('NET_ADMIN') && driver !== 'vnet')
		throw refuse(
			'capabilities',
			`containers of the '${driver}' network driver cannot configure their network`,
			'use "-l vnet", whose containers can',
		);
	const needed = drop.find((name) => OF_INIT.includes(name));
	if (needed !== undefined)
		throw refuse(
			'capabilities',
			`the init of a container becomes the user of a process by ${needed}`,
			'run processes as another user than root (--user): they have no capabilities',
		);
}

function requireSysctls({ sysctls = {} }: Confinement, driver: NetworkDriver): void {
	for (const [name, value] of Object.entries(sysctls)) {
		const known = IPC_SYSCTL.test(name) || (NET_SYSCTL.test(name) && !name.includes('..'));
		if (!known || value.includes('\0'))
			throw refuse(
				'sysctls',
				`${name} is a setting of the whole host`,
				'set those of net., fs.mqueue. and System V IPC',
			);
		if (driver === 'host' && NET_SYSCTL.test(name))
			throw refuse('sysctls', `its network is that of the host, and ${name} with it`, 'choose another --driver');
	}
}

/** No limit of a process is above what the daemon itself may have. */
function requireUlimits({ ulimits = [] }: Confinement, { ulimits: most = {} }: HostTraits): void {
	for (const { name, soft, hard } of ulimits) {
		const own = most[name];
		if (own === undefined)
			throw refuse('ulimits', `there is no limit '${name}'`, `name one of ${Object.keys(most).join(', ')}`);
		const [low, high] = [soft, hard].map((value) => (value === -1 ? Number.POSITIVE_INFINITY : value)) as [
			number,
			number,
		];
		if (low > high) throw refuse('ulimits', 'the soft limit is above the hard one', `write --ulimit ${name}=SOFT:HARD`);
		if (high > own)
			throw refuse(
				'ulimits',
				`the daemon's own hard limit of ${name} is ${own}`,
				`write --ulimit ${name}=${own}, or less, or raise that of the daemon`,
			);
	}
}

function requireNames({ hosts = [], dns = [], search = [] }: Confinement): void {
	for (const { name, address } of hosts) {
		if (!DOMAIN.test(name)) throw refuse('hosts', `${JSON.stringify(name)} is no host name`, 'write NAME:ADDRESS');
		if (!parseAddress(address)) throw refuse('hosts', `${JSON.stringify(address)} is no address`, 'write NAME:ADDRESS');
	}
	const server = dns.find((one) => !parseAddress(one));
	if (server !== undefined) throw refuse('dns', `${JSON.stringify(server)} is no address`, 'write e.g. --dns 9.9.9.9');
	const domain = search.find((one) => !DOMAIN.test(one));
	if (domain !== undefined)
		throw refuse('search', `${JSON.stringify(domain)} is no domain`, 'write e.g. --dns-search example.com');
}
