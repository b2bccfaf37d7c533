import type { NetworkDriver } from './container.ts';

/** A process to be run in a container. */
export interface ProcessSpec {
	/** At least one word; found on the PATH of `env`. No shell is involved. */
	readonly argv: readonly string[];
	/** `NAME=value`. */
	readonly env: readonly string[];
	/** Name or numeric id, with an optional `:group`; looked up inside the container. */
	readonly user: string;
	readonly tty: boolean;
	/** Keep standard input open for an attached client. Otherwise it reads as empty. */
	readonly stdin: boolean;
}

/** What isolates a container. */
export interface SandboxSpec {
	readonly driver: NetworkDriver;
	readonly hostname: string;
	/** `own`: the stack made before; `host`: the stack of the host, which the container may not configure. */
	readonly network: 'own' | 'host';
	/** May open raw sockets (ping). */
	readonly rawSockets: boolean;
	/** May configure its own stack. Never together with `network: 'host'`. */
	readonly netAdmin: boolean;
	/** Further jail(8) parameters as jail(8) takes them, `name=value` or `name`; empty on hosts without jails. */
	readonly parameters: readonly string[];
	/** The process that the container is started with. */
	readonly process: ProcessSpec;
}
