/**
 * Runs text in the POSIX shell of a host, locally or over ssh.
 *
 * Environment of every script: `/bin/sh`, `LC_ALL=C`, the PATH of the base system (see `prologue.ts`), umask 022,
 * working directory `/`.
 */
import type { Readable, Writable } from 'node:stream';
import type { Script } from './quote.ts';

/** A script with a name, one of those that travel together. */
export interface Section {
	/** For people and for who asked; need not be unique. */
	readonly name: string;
	/** Run in a subshell with `set -e`, its input empty. A mistake of syntax in it fails this section alone. */
	readonly script: Script;
	/** One command, which changes nothing in the shell: where all of an exchange are, no subshell is needed. */
	readonly plain?: boolean;
}

export interface SectionResult {
	readonly name: string;
	/** Exit code of the section, 128 + signal. */
	readonly code: number;
	/** Exactly what was written, read as UTF-8. */
	readonly stdout: string;
	readonly stderr: string;
}

export interface ExchangeOptions {
	/** Go on with the next section when one fails. */
	readonly keepGoing?: boolean;
	/**
	 * One subshell for all sections instead of one for each, where `ShellOptions.batch` is set: it saves the host the
	 * forks. What a section sets (variables, functions) is there in the next, until one fails or leaves with `exit`;
	 * its trap on EXIT, its `set -e`, working directory and umask are not.
	 */
	readonly together?: boolean;
	/** Milliseconds until the exchange is given up: ConnectionLost, for nobody knows what became of it. Default: none. */
	readonly timeout?: number;
	/** Ends the exchange and kills what it runs on the host when aborted: ConnectionLost. */
	readonly signal?: AbortSignal | undefined;
	/** Each line of a section's output (not its error output) as it comes, newline included. */
	readonly onOutput?: (section: string, line: string) => void;
	/**
	 * All of it may be done twice, e.g. because it only looks: where the connection is lost, it is done again once the
	 * host is back, for as long as the shell is patient (`HostShellOptions.patience`).
	 */
	readonly repeatable?: boolean;
	/** Called when a section ended, with the number of those that have. */
	readonly onSection?: (done: number, result: SectionResult) => void;
}

/** The way to the host is gone, or the host does not answer. */
export class ConnectionLost extends Error {
	/** True: something may have run, or may be running still; false: nothing has. */
	readonly started: boolean;
	/** Results of the sections that ended in time, in order. The state of later ones is unknown. */
	readonly done: readonly SectionResult[];

	constructor(reason: string, options: { started: boolean; done?: readonly SectionResult[]; cause?: unknown }) {
		super(reason, { cause: options.cause });
		this.name = 'ConnectionLost';
		this.started = options.started;
		this.done = options.done ?? [];
	}
}

/** A script with streams of its own, to which nothing is added: every byte is the script's. */
export interface ShellSession {
	readonly stdin: Writable;
	readonly stdout: Readable;
	readonly stderr: Readable;
	/**
	 * Exit code of the script. Rejects with ConnectionLost where the way to the host is lost before. Does not wait for
	 * output to be read; what the script left running may hold the streams beyond it.
	 */
	readonly exited: Promise<number>;
	/** Let go of the streams. The script is not told: it finds nobody reading when it writes. */
	close(): void;
}

/** `lost` and `back` alternate, beginning with `lost`. */
export type ConnectionState = 'lost' | 'back';

export interface Shell {
	/**
	 * All sections in one exchange, in order; stops after the first that fails unless `keepGoing`. Sections not reached
	 * have no result. Throws ConnectionLost; KleeneError (HOST_UNREACHABLE, CONFIG_INVALID) when there is no way to the
	 * host and nothing was started. Several exchanges at a time are no problem.
	 */
	exchange(sections: readonly Section[], options?: ExchangeOptions): Promise<SectionResult[]>;
	/** Starts a script with streams of its own, for what is interactive or long. Throws as `exchange` does. */
	open(script: Script): Promise<ShellSession>;
	/** Called when the way to the host is lost, and when it is back and everything can be asked again. */
	onConnection(listener: (state: ConnectionState) => void): void;
	/** Ends every session and exchange of this side, and the connection. */
	close(): Promise<void>;
}

/** State of a host that is required before anything is done there, e.g. that it is locked for this daemon. */
export interface Precondition {
	/**
	 * Called before each exchange and session, once there is a connection. Returns at once where it is so. What it throws
	 * is thrown by the exchange, of which nothing is done then.
	 *
	 * @param open starts a session for this purpose, as `Shell.open` does
	 */
	ensure(open: (script: Script) => Promise<ShellSession>): Promise<void>;
	/** Called when it was so and is not any more. */
	onLost(listener: () => void): void;
	/** It is not needed any more. */
	close(): Promise<void>;
}

/** Log for the progress of a connection. */
export interface ShellLog {
	warn(fields: object, message: string): void;
	info(fields: object, message: string): void;
}

/** Of a shell, wherever it runs. */
export interface ShellOptions {
	/** Directory on the host for notes of exchanges under way, made when missing; undefined: they are not noted. */
	readonly batch?: string;
	/** A directory put before the PATH, for tests. */
	readonly path?: string;
	/** Milliseconds that what an earlier connection left running may take to end before it is killed. Default 10000. */
	readonly settle?: number;
	readonly precondition?: Precondition;
}
