/**
 * How much goes over a TCP connection and how long an answer takes, between two network namespaces. Each side is a
 * process of its own in its place; all is bounded.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { outputOf } from '../command.ts';
import type { Place } from './peer.ts';

export interface TransferFigures {
	/** Of the connection as a whole, in MiB per second. */
	readonly throughput: number;
	/** Microseconds until one byte comes back. */
	readonly roundTrip: number;
	/** Microseconds until a connection is there. */
	readonly connection: number;
}

const PROGRAM = [process.execPath, import.meta.filename];
const MIB = 1024 * 1024;
/** MiB */
const AMOUNT = 256;
const CHUNK = Buffer.alloc(MIB / 2);
const ROUND_TRIPS = 1000;
const CONNECTIONS = 100;
/** First byte of a connection: what is to be done with the others. */
const SINK = Buffer.from('s');
const ECHO = Buffer.from('e');

/** @returns a function that ends the server */
export async function serve(place: Place, port: number): Promise<() => Promise<void>> {
	const [file = '', ...args] = [...place, ...PROGRAM, 'serve', String(port)];
	const child: ChildProcess = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
	const ready = once(child.stdout!, 'data');
	const failed = once(child, 'exit').then(([code]) => {
		throw new Error(`nobody serves port ${port}: ended with ${code}`);
	});
	await Promise.race([ready, failed]);
	failed.catch(() => undefined);
	return async () => {
		const gone = once(child, 'exit');
		child.kill('SIGKILL');
		await gone;
	};
}

/** From a place to a server. */
export async function transfer(place: Place, address: string, port: number): Promise<TransferFigures> {
	return JSON.parse(await outputOf([...place, ...PROGRAM, 'transfer', address, String(port)])) as TransferFigures;
}

/** @returns MiB per second at which so many MiB went over one connection, from a place to a server */
export async function send(place: Place, to: { address: string; port: number }, mebibytes: number): Promise<number> {
	const argv = [...place, ...PROGRAM, 'send', to.address, String(to.port), String(mebibytes)];
	return Number(await outputOf(argv));
}

async function runServer(port: number): Promise<void> {
	const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
		let farewell = Buffer.alloc(0);
		socket.on('error', () => undefined);
		socket.on('end', () => socket.end(farewell));
		socket.once('data', (first) => {
			if (first[0] === ECHO[0]) {
				socket.on('data', (data) => socket.write(data));
				socket.write(first);
			} else {
				farewell = SINK;
				socket.resume();
			}
		});
	});
	server.listen(port, '::', () => console.log('ready'));
}

async function open(address: string, port: number): Promise<Socket> {
	const socket = connect({ host: address, port, noDelay: true, timeout: 10_000 });
	socket.once('timeout', () => socket.destroy(new Error(`silence from ${address}:${port}`)));
	await once(socket, 'connect');
	return socket;
}

async function measureThroughput(address: string, port: number, amount: number): Promise<number> {
	const socket = await open(address, port);
	const began = performance.now();
	socket.write(SINK);
	for (let sent = 0; sent < amount * MIB; sent += CHUNK.length) if (!socket.write(CHUNK)) await once(socket, 'drain');
	// The other side answers when it has everything.
	const taken = once(socket, 'data');
	socket.end();
	await taken;
	return amount / ((performance.now() - began) / 1000);
}

async function measureRoundTrip(address: string, port: number): Promise<number> {
	const socket = await open(address, port);
	const times: number[] = [];
	for (let trip = 0; trip < ROUND_TRIPS; trip += 1) {
		const began = performance.now();
		const back = once(socket, 'data');
		socket.write(ECHO);
		await back;
		times.push(performance.now() - began);
	}
	socket.destroy();
	return median(times) * 1000;
}

async function measureConnections(address: string, port: number): Promise<number> {
	const times: number[] = [];
	for (let index = 0; index < CONNECTIONS; index += 1) {
		const began = performance.now();
		const socket = await open(address, port);
		times.push(performance.now() - began);
		socket.destroy();
	}
	return median(times) * 1000;
}

function median(times: readonly number[]): number {
	return times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)] ?? Number.NaN;
}

if (import.meta.main) {
	const [verb, ...rest] = process.argv.slice(2);
	if (verb === 'serve') await runServer(Number(rest[0]));
	else {
		const [address = '', port = 0] = [rest[0], Number(rest[1])];
		if (verb === 'send') {
			console.log(await measureThroughput(address, port, Number(rest[2])));
			process.exit();
		}
		// In this order, so that the program is warm where microseconds count.
		const connection = await measureConnections(address, port);
		const roundTrip = await measureRoundTrip(address, port);
		const throughput = await measureThroughput(address, port, AMOUNT);
		console.log(JSON.stringify({ throughput, roundTrip, connection } satisfies TransferFigures));
	}
}
