import type { HealthSettings } from './health.ts';

/** Policies of restart after an end by itself; `on-failure:N`: N times at most. `always` also starts with the daemon. */
export type RestartAfterEnd = 'always' | 'unless-stopped' | 'on-failure' | `on-failure:${number}`;

/** Limits of the resources that all processes of a container use together. */
export interface ResourceLimits {
	/** Bytes; swap is not on top of it. */
	readonly memory?: number;
	/** Processors, e.g. 1.5. */
	readonly cpus?: number;
	/** Processes and threads. */
	readonly pids?: number;
}

/** A file system in memory. */
export interface Tmpfs {
	/** Absolute. */
	readonly destination: string;
	/** Bytes; absent: half of the memory of the host. */
	readonly size?: number;
	/** Octal digits; absent: `1777`. */
	readonly mode?: string;
}

/** A device node of the host. */
export interface Device {
	/** Absolute. */
	readonly source: string;
	readonly destination: string;
	/** Letters of `rwm`: read, write, make nodes of it. */
	readonly access: string;
}

/** Limits of a process; `core`, `nofile` and so on, as ulimit(1) and limits.conf(5) call them. */
export interface Ulimit {
	readonly name: string;
	/** In the unit of setrlimit(2); -1: none. */
	readonly soft: number;
	readonly hard: number;
}

/** Settings of what processes of a container see and may do. */
export interface Confinement {
	/** The root file system cannot be written to; mounts can. */
	readonly readonly?: boolean;
	readonly tmpfs?: readonly Tmpfs[];
	/** Names without `CAP_`, in upper case. `drop` may have `ALL`; what is added is not dropped. */
	readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] };
	readonly devices?: readonly Device[];
	readonly sysctls?: Readonly<Record<string, string>>;
	readonly ulimits?: readonly Ulimit[];
	/** Lines of its /etc/hosts. */
	readonly hosts?: readonly { readonly name: string; readonly address: string }[];
	/** Name servers, in place of those of its networks and its image. */
	readonly dns?: readonly string[];
	/** Domains that bare names are looked up in. */
	readonly search?: readonly string[];
}

/** Room for the output that is kept: so many files of this size. */
export interface LogSettings {
	/** Bytes; absent: 10 MiB. */
	readonly size?: number;
	/** Absent: 1 where a size is given. */
	readonly files?: number;
}

/** Settings of a container beyond those of the original Kleene; what is absent has its default. */
export interface ContainerOptions extends ResourceLimits, Confinement {
	/** Absolute; absent: that of the image. */
	readonly workdir?: string;
	/** Words in front of the command, and the command of the image does not count; absent: those of the image. */
	readonly entrypoint?: readonly string[];
	readonly labels?: Readonly<Record<string, string>>;
	readonly restart?: RestartAfterEnd;
	readonly health?: HealthSettings;
	readonly log?: LogSettings;
}

/** @returns the most restarts that a policy allows; undefined: it is not about failures */
export function mostRestarts(policy: RestartAfterEnd): number | undefined {
	if (!policy.startsWith('on-failure')) return undefined;
	const [, most] = policy.split(':');
	return most === undefined ? Number.POSITIVE_INFINITY : Number(most);
}

const CONFINEMENT = [
	'readonly',
	'tmpfs',
	'capabilities',
	'devices',
	'sysctls',
	'ulimits',
	'hosts',
	'dns',
	'search',
] as const satisfies (keyof Confinement)[];

/** @returns undefined where everything is as usual */
export function confinementAmong(options: ContainerOptions): Confinement | undefined {
	const given = CONFINEMENT.filter((name) => options[name] !== undefined).map((name) => [name, options[name]]);
	return given.length > 0 ? Object.fromEntries(given) : undefined;
}

const LOG_SIZE = 10 * 1024 * 1024;

/** @returns bytes that the output of a container may take; undefined: the default of the host */
export function logRoom({ log }: Pick<ContainerOptions, 'log'>): number | undefined {
	return log && (log.size ?? LOG_SIZE) * (log.files ?? 1);
}

/** @returns undefined where nothing is limited */
export function limitsAmong({ memory, cpus, pids }: ContainerOptions): ResourceLimits | undefined {
	const limits = {
		...(memory === undefined ? {} : { memory }),
		...(cpus === undefined ? {} : { cpus }),
		...(pids === undefined ? {} : { pids }),
	};
	return Object.keys(limits).length > 0 ? limits : undefined;
}
