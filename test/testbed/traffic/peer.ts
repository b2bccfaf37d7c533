/**
 * Packets between network namespaces: a peer that listens tells everyone who it is and whom it sees, and one that asks
 * reports the answer or what went wrong. Each runs as a process of its own, since a namespace belongs to a thread.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { outputOf } from '../command.ts';

/** The words before a command that make it run in a namespace, e.g. `nsenter --net=...`. */
export type Place = readonly string[];

export interface Question {
	readonly protocol?: 'tcp' | 'udp';
	readonly address: string;
	readonly port: number;
	/** Address that is spoken from; absent: the one that the route gives. */
	readonly source?: string;
	/** Milliseconds until silence is the answer. Default 5000: an answer is to come, however busy the machine. */
	readonly timeout?: number;
}

/** For `timeout` where nobody is to answer: an answer resolves at once, silence costs all of this, in milliseconds. */
export const SILENCE = 700;

export function ofProcess(pid: number): Place {
	return ['nsenter', `--target=${pid}`, '--net'];
}

const PROGRAM = [process.execPath, import.meta.filename];

/** A process that answers `NAME sees ADDRESS` on ports such as `tcp/80`, in both families. */
export class Listener {
	readonly #child: ChildProcess;

	private constructor(child: ChildProcess) {
		this.#child = child;
	}

	static async start(place: Place, name: string, ports: readonly string[]): Promise<Listener> {
		const [file = '', ...args] = [...place, ...PROGRAM, 'listen', name, ...ports];
		const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
		await new Promise<void>((resolve, reject) => {
			child.stdout?.once('data', () => resolve());
			child.once('exit', (code) => reject(new Error(`${name} could not listen: ${code}`)));
		});
		return new Listener(child);
	}

	async stop(): Promise<void> {
		if (this.#child.exitCode !== null) return;
		const gone = new Promise((resolve) => this.#child.once('exit', resolve));
		this.#child.kill('SIGKILL');
		await gone;
	}
}

/** Asks all at once. @returns in the order of asking `NAME sees ADDRESS`, `silence`, or a code such as ECONNREFUSED. */
export async function ask(place: Place, ...questions: readonly Question[]): Promise<string[]> {
	return JSON.parse(await outputOf([...place, ...PROGRAM, 'ask', JSON.stringify(questions)])) as string[];
}

async function listen(name: string, ports: readonly string[]): Promise<void> {
	const answer = (address: string | undefined) => `${name} sees ${address?.replace(/^::ffff:/, '')}`;
	for (const text of ports) {
		const [protocol, port, address = '::'] = text.split('/');
		if (protocol === 'tcp') {
			const server = createServer((socket) => {
				socket.on('error', () => undefined);
				socket.write(`${answer(socket.remoteAddress)}\n`);
				socket.on('data', (data) => socket.write(data));
			});
			await new Promise<void>((resolve) => server.listen(Number(port), address, resolve));
		} else {
			const kind = address.includes(':') ? 'udp6' : 'udp4';
			const socket = createSocket(kind, (_, from) => socket.send(answer(from.address), from.port, from.address));
			await new Promise<void>((resolve) => socket.bind(Number(port), address, resolve));
		}
	}
	console.log('ready');
}

function askOne({ protocol = 'tcp', address, port, source, timeout = 5000 }: Question): Promise<string> {
	const { promise, resolve } = Promise.withResolvers<string>();
	const failed = (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message);
	const heard = (data: Buffer) => resolve(data.toString('utf8').trim());
	setTimeout(() => resolve('silence'), timeout);
	const own = source === undefined ? {} : { localAddress: source };
	if (protocol === 'tcp')
		connect({ port, host: address, ...own })
			.once('data', heard)
			.once('error', failed);
	else {
		const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
			.once('message', heard)
			.once('error', failed);
		// A connected socket hears of refusals.
		const speak = () => socket.connect(port, address, () => socket.send('?'));
		if (source === undefined) speak();
		else socket.bind(0, source, speak);
	}
	return promise;
}

if (import.meta.main) {
	const [verb, first = '', ...rest] = process.argv.slice(2);
	if (verb === 'listen') await listen(first, rest);
	else {
		const answers = await Promise.all((JSON.parse(first) as Question[]).map(askOne));
		process.stdout.write(JSON.stringify(answers), () => process.exit(0));
	}
}
