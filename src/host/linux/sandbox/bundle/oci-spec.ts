import type { ResourceLimits } from '#model/container/options.ts';
import { mergeEnv } from '#model/container.ts';
import type { Mount } from '#model/mount.ts';
import type { ProcessSpec, SandboxSpec } from '#model/sandbox.ts';
import { sh } from '#os/shell/quote.ts';
import { type BindOptions, plainBind } from '../../storage/bind-options.ts';
import { capabilitiesOf } from './capabilities.ts';
import { nodesOf, type OciDevice, rlimitsOf, sysctlsOf, tmpfsMounts } from './confinement.ts';
import { networkSettings } from './network-settings.ts';
import { seccompProfile } from './seccomp.ts';
import type { Identity } from './users.ts';

/** Paths of the init and its status file inside a container: on the /dev that the runtime makes. */
export const INSIDE = {
	init: '/dev/.kleene/init',
	status: '/dev/.kleene/status',
	started: '/dev/.kleene/started',
} as const;

const DEFAULT_PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Paths that expose or change the host, hidden from containers. Source: Docker (moby daemon/pkg/oci/defaults.go). */
const MASKED = [
	'/proc/acpi',
	'/proc/asound',
	'/proc/interrupts',
	'/proc/kcore',
	'/proc/keys',
	'/proc/latency_stats',
	'/proc/sched_debug',
	'/proc/scsi',
	'/proc/timer_list',
	'/proc/timer_stats',
	'/sys/devices/virtual/powercap',
	'/sys/firmware',
];
/** In a user namespace the runtime cannot make devices and takes the host's: their modes are not to be changed. */
const DEVICES = ['/dev/full', '/dev/null', '/dev/random', '/dev/tty', '/dev/urandom', '/dev/zero'];
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

export interface BundleRequest {
	readonly spec: SandboxSpec;
	readonly identity: Identity;
	/** Identity of the commands that run before the process. */
	readonly hookIdentity?: Identity;
	/** Mount point of the root file system. */
	readonly root: string;
	/** Sources are paths on the host. */
	readonly mounts: readonly Mount[];
	/** Files of Kleene's own; a mount over their directory hides them. */
	readonly files?: readonly Mount[];
	/** Paths on the host of the init program and of the file it reports to. */
	readonly init: string;
	readonly status: string;
	/** Path on the host of a directory that becomes the /dev of a sandbox without devices. */
	readonly dev: string;
	/** Path on the host of a file that is written to when the commands before the process are done. */
	readonly started: string;
	/** Initial environment of processes that inherit that of the daemon. */
	readonly inherited?: readonly string[];
	/** Path of a network namespace; undefined: that of the caller of the runtime. */
	readonly network: string | undefined;
	/** Path of the user namespace that the network belongs to; undefined: that of the caller of the runtime. */
	readonly owner?: string | undefined;
	/** Options of a bind mount of a path of the host. Default: it alone, as asked for. */
	readonly bindOptions?: BindOptions;
	readonly cgroup: string;
	/** Nodes of the devices of the container. */
	readonly devices?: readonly OciDevice[];
	/** Limit of processes and threads; 0 or undefined: none. */
	readonly mostProcesses?: number;
	/** The kernel counts swap; absent: it does. */
	readonly countsSwap?: boolean;
}

/** An OCI mount. */
interface OciMount {
	readonly destination: string;
	readonly type: string;
	readonly source: string;
	readonly options: readonly string[];
}

/** The config.json of a bundle. Source: OCI runtime specification 1.0.2. */
export function ociConfig(request: BundleRequest): object {
	const { spec, identity, hookIdentity = identity, inherited = [] } = request;
	const hooked = (spec.hooks?.start.length ?? 0) > 0;
	const { owner, bindOptions = plainBind } = request;
	const bind = (source: string, destination: string, readOnly: boolean): OciMount => {
		return { destination, type: 'bind', source, options: bindOptions(source, readOnly) };
	};
	const own = [bind(request.init, INSIDE.init, true), bind(request.status, INSIDE.status, false)];
	if (hooked) own.push(bind(request.started, INSIDE.started, false));
	const places = spec.noDevices ? [...KERNEL_MOUNTS, bind(request.dev, '/dev', false), TERMINALS] : OWN_MOUNTS;
	const nodes = owner === undefined ? [] : (request.devices ?? []).map(({ source, path }) => bind(source, path, true));
	const bound = (mounts: readonly Mount[]) =>
		mounts.map((mount) => bind(mount.source, mount.destination, mount.readOnly));
	const mounts = byDepth([...tmpfsMounts(spec.confinement), ...bound(request.mounts)]);
	return {
		ociVersion: '1.0.2',
		process: ociProcess(spec, spec.process, { identity, hookIdentity, inherited, status: INSIDE.status }),
		root: { path: request.root, readonly: spec.confinement?.readonly ?? false },
		hostname: spec.hostname,
		mounts: [...places, ...own, ...nodes, ...bound(request.files ?? []), ...mounts],
		...networkSettings(request),
		linux: {
			cgroupsPath: request.cgroup,
			resources: resources(spec.limits, request),
			namespaces: namespaces(spec, request.network, owner),
			...(owner === undefined ? {} : { uidMappings: EVERY_ID, gidMappings: EVERY_ID }),
			...sysctlsOf(spec),
			...nodesOf(request),
			maskedPaths: MASKED,
			readonlyPaths: owner === undefined ? READ_ONLY : [...READ_ONLY, ...DEVICES],
			seccomp: seccompProfile(undefined, !spec.denied?.includes('sysvipc')),
		},
	};
}

/** Outer ones first, whatever order they were given in. */
function byDepth(mounts: readonly OciMount[]): OciMount[] {
	const depth = ({ destination }: OciMount) => destination.split('/').length;
	return mounts.toSorted((one, other) => depth(one) - depth(other));
}

/** Microseconds in which a quota of processor time counts. Kernel: Documentation/scheduler/sched-bwc.rst. */
const PERIOD = 100_000;

/** Swap is not on top of memory: what does not fit ends. */
function resources(
	{ memory, cpus, pids }: ResourceLimits = {},
	{ mostProcesses = 0, countsSwap = true, devices = [] }: BundleRequest,
): object {
	const most = pids ?? mostProcesses;
	return {
		devices: [
			{ allow: false, access: 'rwm' },
			...devices.map(({ type, major, minor, access }) => ({ allow: true, type, major, minor, access })),
		],
		...(most > 0 ? { pids: { limit: most } } : {}),
		...(memory === undefined ? {} : { memory: { limit: memory, ...(countsSwap ? { swap: memory } : {}) } }),
		...(cpus === undefined ? {} : { cpu: { quota: Math.round(cpus * PERIOD), period: PERIOD } }),
	};
}

interface Launch {
	readonly identity: Identity;
	/** Of the commands before the first process. */
	readonly hookIdentity?: Identity;
	readonly inherited?: readonly string[];
	/** Of the first process. */
	readonly status?: string;
}

/**
 * The process object of config.json, or of an additional process (`status` undefined). The runtime starts our init as
 * root, which takes on the user itself: so it may signal whatever runs in the container, and both kinds of processes
 * find their program, or fail to, in the same way.
 */
export function ociProcess(spec: ProcessLimits, process: ProcessSpec, how: Launch): object {
	const { identity, hookIdentity = identity, inherited = [], status = '-' } = how;
	const capabilities = capabilitiesOf(spec);
	const { workdir } = process;
	const start = workdir === undefined && !spec.inheritsEnv ? HOME : '';
	const launched = (by: string) => [...launcher(by, identity, `${ownStdio(process)}${start}`), ...process.argv];
	const hooks = status === '-' ? [] : (spec.hooks?.start ?? []);
	const afterThem = () => [...launcher(status, ROOT, '0'), ...afterHooks(hooks, hookIdentity, launched('-'))];
	return {
		terminal: process.tty,
		user: { uid: 0, gid: 0 },
		args: hooks.length === 0 ? launched(status) : afterThem(),
		env: environment(mergeEnv(inherited, process.env), identity, process.tty),
		// The runtime makes it where it is missing.
		cwd: workdir ?? '/',
		capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
		...rlimitsOf(spec),
		noNewPrivileges: false,
	};
}

type ProcessLimits = Pick<SandboxSpec, 'rawSockets' | 'netAdmin' | 'denied' | 'hooks' | 'inheritsEnv' | 'confinement'>;

const ROOT = { uid: 0, gid: 0, groups: [] } as const;

function launcher(
	status: string,
	{ uid, gid, groups }: Pick<Identity, 'uid' | 'gid' | 'groups'>,
	stdio: string,
): string[] {
	return [INSIDE.init, status, `${uid}`, `${gid}`, groups.join(',') || '-', stdio];
}

/**
 * A shell that runs the commands in order and then becomes the process: they belong to its session, so their output
 * goes where its output goes, a signal ends them, and no daemon is needed to go on. Everything that is not ours is an
 * argument of the shell, an empty one ends the commands.
 */
function afterHooks(hooks: readonly string[], identity: Identity, launched: readonly string[]): string[] {
	const { home, name, shell } = identity;
	const script = sh`while [ -n "$1" ]; do
HOME=${home} USER=${name} SHELL=${shell} ${launcher('-', identity, `${OUTPUT_ONLY}${HOME}`)} /bin/sh -c "$1" </dev/null || {
set -- "$1" $?
echo "exec.start: $1: failed with exit code $2" >&2
exit $2
}
shift
done
shift
echo >${INSIDE.started}
exec "$@"`;
	return ['/bin/sh', '-c', script.text, 'sh', ...hooks, '', ...launched];
}

/** Bits of the descriptors 0 to 2 that are made for the process, and so may become its user's. */
const OUTPUT_ONLY = '6';

/** Behind those bits: the process starts in the home of its user. See init.c. */
const HOME = 'h';

function ownStdio(process: ProcessSpec): string {
	return process.tty || process.stdin ? '7' : OUTPUT_ONLY;
}

/** The environment of a login, below what the process is given. */
function environment(env: readonly string[], { home, name, shell }: Identity, tty: boolean): string[] {
	const login = [DEFAULT_PATH, `HOME=${home}`, `USER=${name}`, `SHELL=${shell}`, 'LANG=C.UTF-8'];
	return mergeEnv(login, tty ? ['TERM=xterm'] : [], env);
}

function namespaces(spec: SandboxSpec, network: string | undefined, owner: string | undefined): object[] {
	const own: object[] = ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type }));
	if (owner !== undefined) own.push({ type: 'user', path: owner });
	return network === undefined && spec.network === 'host' ? own : [...own, { type: 'network', path: network }];
}

/** Id mappings of the user namespace, which runtimes require. */
const EVERY_ID = [{ containerID: 0, hostID: 0, size: 0xffff_ffff }];

const KERNEL_MOUNTS: readonly OciMount[] = [
	{ destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
	{ destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
];

const TERMINALS: OciMount = {
	destination: '/dev/pts',
	type: 'devpts',
	source: 'devpts',
	options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
};

const OWN_MOUNTS: readonly OciMount[] = [
	...KERNEL_MOUNTS,
	{
		destination: '/dev',
		type: 'tmpfs',
		source: 'tmpfs',
		options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
	},
	TERMINALS,
	{
		destination: '/dev/shm',
		type: 'tmpfs',
		source: 'shm',
		options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'],
	},
	{ destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
];
