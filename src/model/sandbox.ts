import type { Confinement, ResourceLimits } from './container/options.ts';
import type { EndCause, NetworkDriver, RunEnd } from './container.ts';

/** A process to be run in a container. */
export interface ProcessSpec {
	/** At least one word; found on the PATH of `env`. No shell is involved. */
	readonly argv: readonly string[];
	/** `NAME=value`. */
	readonly env: readonly string[];
	/** Name or numeric id, with an optional `:group`; looked up inside the container. */
	readonly user: string;
	/** Absolute; absent: the home of the user. */
	readonly workdir?: string;
	readonly tty: boolean;
	/** Keep standard input open for an attached client. Otherwise it reads as empty. */
	readonly stdin: boolean;
}

/** Commands that go along with the life of a container: shell text for `/bin/sh -c`, in order, none of it empty. */
export interface SandboxHooks {
	/** On the host, before the container is made. */
	readonly prestart: readonly string[];
	/** Inside, before the command. */
	readonly start: readonly string[];
	/** On the host, once `start` is done and the command was started. */
	readonly poststart: readonly string[];
	/** On the host, before the processes are asked to end. */
	readonly prestop: readonly string[];
	/** Inside, after `prestop`. */
	readonly stop: readonly string[];
	/** On the host, when no process is left. */
	readonly poststop: readonly string[];
	/** User of the processes inside. */
	readonly user: string;
	/** Seconds that each command may take, save those of `start`, which belong to the session. */
	readonly timeout: number;
}

/** Default privileges of processes. */
export type Privilege = 'mlock' | 'reserved-ports' | 'sysvipc';

/** Isolation of a container; absent settings have their defaults. */
export interface SandboxSpec {
	readonly driver: NetworkDriver;
	readonly hostname: string;
	/** NIS domain. */
	readonly domainname?: string;
	/** Absent: none. */
	readonly hooks?: SandboxHooks;
	readonly denied?: readonly Privilege[];
	/** Its processes have the environment of the daemon below their own. */
	readonly inheritsEnv?: true;
	/** Users are looked up on the host instead of in the container. */
	readonly hostUsers?: true;
	/** Its /dev has nothing but terminals; on hosts with jails this is among `parameters`. */
	readonly noDevices?: true;
	/** `own`: the stack made before; `host`: the stack of the host, which the container may not configure. */
	readonly network: 'own' | 'host';
	/** May open raw sockets (ping). */
	readonly rawSockets: boolean;
	/** May configure its own stack. Never together with `network: 'host'`. */
	readonly netAdmin: boolean;
	/** Absent: none but those of the host. */
	readonly limits?: ResourceLimits;
	readonly confinement?: Confinement;
	/** Bytes that its kept output may take; absent: the default of the host. */
	readonly logRoom?: number;
	/** Further jail(8) parameters as jail(8) takes them, `name=value` or `name`; empty on hosts without jails. */
	readonly parameters: readonly string[];
	/** The process that the container is started with. */
	readonly process: ProcessSpec;
}

/** End of a sandbox on a host. */
export interface SandboxEnd {
	/** Exit code of the first process, 0–255, 128 + signal; null where it is not known. */
	readonly code: number | null;
	/** ISO 8601, UTC; null where it is not known. */
	readonly at: string | null;
	readonly cause: EndCause;
}

/**
 * @param end undefined: the host knows nothing, so the command never ran
 * @param stopped whether somebody asked for the end
 * @param at time for an end of which the host does not know it: when it was found
 */
export function runEndOf(end: SandboxEnd | undefined, stopped: boolean, at: string): RunEnd {
	if (!end) return { code: null, at, reason: stopped ? 'killed' : 'start-failed', ...(stopped ? { asked: true } : {}) };
	const told = { code: end.code, at: end.at ?? at };
	if (!stopped) return { ...told, reason: end.cause };
	return end.cause === 'exited' ? { ...told, reason: 'stopped' } : { ...told, reason: end.cause, asked: true };
}
