/**
 * Conversations whose every packet is counted at both ends: a server numbers what it sends to each of its callers, they
 * number what they send to it, over UDP and TCP. A packet that is lost, comes twice or comes from elsewhere is told of.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';
import type { Place } from './peer.ts';

export interface Flow {
	/** Unique among all flows to one server; no spaces. */
	readonly name: string;
	readonly protocol: 'tcp' | 'udp';
	readonly address: string;
	readonly port: number;
	/** `server`: the caller says hello and is silent from then on. */
	readonly speaks: 'both' | 'server';
}

/** What one end of a flow did. */
export interface Tally {
	readonly sent: number;
	readonly received: number;
	/** What should not happen, e.g. `ECONNREFUSED`, `closed`. */
	readonly trouble: readonly string[];
}

export type Tallies = Readonly<Record<string, Tally>>;

const PROGRAM = [process.execPath, new URL('flow-end.ts', import.meta.url).pathname];

/** One process that holds an end of many flows. */
export class FlowEnd {
	readonly #child: ChildProcess;
	readonly #lines: Interface;

	private constructor(child: ChildProcess) {
		this.#child = child;
		this.#lines = createInterface({ input: child.stdout! });
	}

	/** @param ports e.g. `udp/80`, in both families */
	static serve(place: Place, ports: readonly string[]): Promise<FlowEnd> {
		return FlowEnd.#start(place, 'serve', ports);
	}

	/** @returns once each flow has heard from its server */
	static call(place: Place, flows: readonly Flow[]): Promise<FlowEnd> {
		return FlowEnd.#start(place, 'call', flows);
	}

	static async #start(place: Place, verb: string, what: unknown): Promise<FlowEnd> {
		const [file = '', ...args] = [...place, ...PROGRAM, verb, JSON.stringify(what)];
		const end = new FlowEnd(spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'] }));
		const word = await end.#answer();
		if (word === 'ready') return end;
		await end.stop();
		throw new Error(`flows: ${word}`);
	}

	#answer(): Promise<string> {
		return new Promise((resolve, reject) => {
			this.#lines.once('line', resolve);
			this.#lines.once('close', () => reject(new Error('the end of a flow ended')));
		});
	}

	/** No more is sent from here. */
	async hush(): Promise<void> {
		const heard = this.#answer();
		this.#child.stdin?.write('hush\n');
		await heard;
	}

	async tallies(): Promise<Tallies> {
		const heard = this.#answer();
		this.#child.stdin?.write('tell\n');
		return JSON.parse(await heard) as Tallies;
	}

	async stop(): Promise<void> {
		if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
		const gone = new Promise((resolve) => this.#child.once('exit', resolve));
		this.#child.kill('SIGKILL');
		await gone;
	}
}

/** One line for each flow that lost, doubled or misled anything; empty: every packet arrived. */
export function losses(callers: Tallies, servers: Tallies): string[] {
	return Object.entries(callers).flatMap(([name, caller]) => {
		const server = servers[name] ?? { sent: 0, received: 0, trouble: ['the server never heard of it'] };
		const faults = [
			...(server.received === caller.sent ? [] : [`the server got ${server.received} of ${caller.sent}`]),
			...(caller.received === server.sent ? [] : [`the caller got ${caller.received} of ${server.sent}`]),
			...server.trouble.map((word) => `server: ${word}`),
			...caller.trouble.map((word) => `caller: ${word}`),
		];
		return faults.length === 0 ? [] : [`${name}: ${faults.join(', ')}`];
	});
}
