import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { ProcessEnd, WindowSize } from '#host/driver.ts';
import { AttachableProcess } from '#host/process-streams.ts';
import {
	childrenOf,
	familyOf,
	hasChildren,
	identify,
	isAlive,
	type ProcessIdentity,
	signalProcess,
} from '#os/linux/process.ts';
import type { Exits } from './exits.ts';
import { readStatus, type StatusWatch } from './init-status.ts';
import type { SocketStreams } from './output.ts';

/** Milliseconds for the end of a container to be seen after that of its last process. */
export const END_OF_SANDBOX = 200;
/** The largest window that conmon accepts. */
const LARGEST_WINDOW = 1000;
const KILLED = 137;
/** Exit codes of processes that were ended, perhaps with all others. */
const FROM_ABOVE = new Set([KILLED, 143]);

export interface ProcessParts {
	readonly streams: SocketStreams | undefined;
	/** conmon's control pipe; undefined without a tty. */
	readonly control: string | undefined;
	readonly kill: (signal: NodeJS.Signals) => void;
	readonly ended: Promise<ProcessEnd>;
	/** Called when the client leaves. */
	readonly leave?: () => void;
}

/** A process under conmon. */
export class MonitoredProcess extends AttachableProcess {
	readonly #parts: ProcessParts;

	constructor(parts: ProcessParts) {
		super(parts.streams, parts.ended, parts.control !== undefined);
		this.#parts = parts;
	}

	resize(rows: number, columns: number): void {
		if (this.#parts.control !== undefined) resizeTerminal(this.#parts.control, { rows, columns });
	}

	kill(signal: NodeJS.Signals): void {
		this.#parts.kill(signal);
	}

	override detach(): void {
		super.detach();
		this.#parts.leave?.();
	}
}

/** Tells conmon, which may have ended with its process: then there is nothing to resize. */
export function resizeTerminal(control: string, size: WindowSize): void {
	const [rows, columns] = [size.rows, size.columns].map((n) => Math.min(Math.max(0, Math.trunc(n)), LARGEST_WINDOW));
	try {
		const pipe = openSync(control, constants.O_WRONLY | constants.O_NONBLOCK);
		try {
			writeSync(pipe, `1 ${rows} ${columns}\n`);
		} finally {
			closeSync(pipe);
		}
	} catch {
		// The process ended.
	}
}

/** State of a running sandbox. */
export interface SandboxState {
	readonly container: string;
	/** The init of the container. */
	readonly first: ProcessIdentity;
	/** The file that it reports to. */
	readonly status: string;
}

/** Children that are looked at in one turn of the event loop: a container may have tens of thousands. */
const PER_TURN = 50;

/** Signals the command that the container was started with, not the init above it. */
export async function signalCommand({ first, status }: SandboxState, signal: NodeJS.Signals): Promise<boolean> {
	const { command } = readStatus(status);
	if (command === undefined || !isAlive(first)) return false;
	for (const [index, pid] of childrenOf(first.pid).entries()) {
		if (index % PER_TURN === PER_TURN - 1) await setImmediate();
		// Known before it is looked at, so that no other process can get its number meanwhile.
		const child = identify(pid);
		const family = familyOf(pid);
		if (!child || family?.parent !== first.pid || family.innerPid !== command) continue;
		return signalProcess(child, signal);
	}
	return false;
}

export interface FirstParts {
	readonly container: string;
	readonly status: StatusWatch;
	readonly streams: SocketStreams | undefined;
}

/** End of the first process: that of its sandbox, or, when other processes go on, the status written by the init. */
export async function endOfFirst({ container, status, streams }: FirstParts, exits: Exits): Promise<ProcessEnd> {
	let over = false;
	const gone = exits.ended(container).then((code) => {
		over = true;
		return code;
	});
	try {
		const code = await Promise.race([gone, status.code]);
		if (!over && streams !== undefined) await Promise.race([streams.quiet(), gone]);
		if (over) await streams?.closed;
		return { code, sandboxEnded: over };
	} finally {
		status.close();
	}
}

export interface ExecutionParts {
	readonly process: ProcessIdentity | undefined;
	readonly code: Promise<number | undefined>;
	readonly streams: SocketStreams | undefined;
}

/** End of an additional process. */
export async function endOfAdditional(
	state: SandboxState,
	exits: Exits,
	execution: ExecutionParts,
): Promise<ProcessEnd> {
	const told = await execution.code;
	// Without its conmon the process has nobody to write to, and nobody would ever tell how it ended.
	if (told === undefined && execution.process !== undefined) signalProcess(execution.process, 'SIGKILL');
	await execution.streams?.closed;
	// conmon has no code of a process that it killed.
	const code = told === undefined || told < 0 ? KILLED : told;
	return { code, sandboxEnded: await sandboxEndedWith(state, exits, code) };
}

async function sandboxEndedWith(state: SandboxState, exits: Exits, code: number): Promise<boolean> {
	if (!isAlive(state.first)) return true;
	const last = readStatus(state.status).code !== undefined && !hasChildren(state.first.pid);
	if (!last && !FROM_ABOVE.has(code)) return false;
	await exits.endsWithin(state.container, END_OF_SANDBOX);
	return !isAlive(state.first);
}
