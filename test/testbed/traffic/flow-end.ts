/** The process behind `FlowEnd`: holds one end of many flows, and obeys `hush` and `tell` on its standard input. */
import { createSocket, type Socket as Datagrams, type RemoteInfo } from 'node:dgram';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Flow } from './flows.ts';

/** Milliseconds between two packets of a flow. */
const EVERY = 40;
/** Milliseconds until a caller that was not answered says hello again, and after which it gives up. */
const AGAIN = 500;
const PATIENCE = 15_000;

/** One end of one flow. Numbers begin with 1; what comes out of order or twice is counted as trouble. */
class End {
	sent = 0;
	received = 0;
	readonly trouble = new Set<string>();
	/** Absent: this end does not speak. */
	send: ((text: string) => void) | undefined;
	#silent = true;

	speak(): void {
		if (!this.send) return;
		this.sent += 1;
		this.send(`${this.sent}`);
	}

	hear(number: number): void {
		this.#silent = false;
		this.received += 1;
		if (number !== this.received && this.trouble.size < 5)
			this.trouble.add(`number ${number} came as ${this.received}`);
	}

	get heard(): boolean {
		return !this.#silent;
	}
}

const ends = new Map<string, End>();
let hushed = false;

function endOf(name: string): End {
	const end = ends.get(name) ?? new End();
	ends.set(name, end);
	return end;
}

/** Lines of a stream, as they come. */
function onLines(socket: Socket, take: (line: string) => void): void {
	createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY }).on('line', take);
}

function serveDatagrams(port: number): Promise<void> {
	const peers = new Map<string, string>();
	const socket = createSocket('udp6', (message, from) => {
		const [name = '', number = ''] = message.toString().split(' ');
		const end = endOf(name);
		const peer = `${from.address} ${from.port}`;
		if (peers.has(name) && peers.get(name) !== peer) end.trouble.add(`came from ${peer}, not from ${peers.get(name)}`);
		if (!peers.has(name)) answerTo(socket, from, end);
		peers.set(name, peer);
		if (number !== 'hello') end.hear(Number(number));
	});
	return new Promise((resolve) => socket.bind(port, '::', resolve));
}

function answerTo(socket: Datagrams, { address, port }: RemoteInfo, end: End): void {
	end.send = (text) => socket.send(text, port, address, (error) => error && end.trouble.add(error.message));
}

function serveStreams(port: number): Promise<void> {
	const server = createServer((socket) => {
		let end: End | undefined;
		onLines(socket, (line) => {
			if (end) return end.hear(Number(line));
			end = endOf(line);
			end.send = (text) => socket.write(`${text}\n`);
		});
		socket.on('error', (error) => end?.trouble.add(error.message));
		socket.on('close', () => end?.trouble.add('closed'));
	});
	return new Promise((resolve) => server.listen(port, '::', resolve));
}

async function serve(ports: readonly string[]): Promise<void> {
	for (const text of ports) {
		const [protocol, port] = text.split('/');
		await (protocol === 'udp' ? serveDatagrams : serveStreams)(Number(port));
	}
}

/** Connected: what comes from anywhere but the published port is not heard. */
function callByDatagram({ name, address, port, speaks }: Flow): Promise<void> {
	const end = endOf(name);
	const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
	return new Promise((resolve) => {
		socket.on('error', (error) => end.trouble.add(error.message));
		socket.on('message', (message) => {
			end.hear(Number(message.toString()));
			resolve();
		});
		socket.connect(port, address, () => {
			const hello = (): void => {
				if (end.heard) return;
				socket.send(`${name} hello`);
				setTimeout(hello, AGAIN);
			};
			hello();
			if (speaks === 'both') end.send = (text) => socket.send(`${name} ${text}`);
		});
	});
}

function callByStream({ name, address, port, speaks }: Flow): Promise<void> {
	const end = endOf(name);
	return new Promise((resolve) => {
		const socket = connect(port, address, () => {
			socket.write(`${name}\n`);
			if (speaks === 'both') end.send = (text) => socket.write(`${text}\n`);
		});
		socket.on('error', (error) => end.trouble.add(error.message));
		socket.on('close', () => end.trouble.add('closed'));
		onLines(socket, (line) => {
			end.hear(Number(line));
			resolve();
		});
	});
}

async function call(flows: readonly Flow[]): Promise<void> {
	const late = setTimeout(() => {
		const silent = flows.filter(({ name }) => !endOf(name).heard).map(({ name }) => name);
		console.log(`not answered: ${silent.join(', ')}`);
	}, PATIENCE);
	await Promise.all(flows.map((flow) => (flow.protocol === 'udp' ? callByDatagram(flow) : callByStream(flow))));
	clearTimeout(late);
}

function tell(): void {
	const tallies = [...ends].map(([name, { sent, received, trouble }]) => [
		name,
		{ sent, received, trouble: [...trouble] },
	]);
	console.log(JSON.stringify(Object.fromEntries(tallies)));
}

const [verb, what = ''] = process.argv.slice(2);
setTimeout(process.exit, 240_000);
setInterval(() => {
	if (!hushed) for (const end of ends.values()) end.speak();
}, EVERY);
if (verb === 'serve') await serve(JSON.parse(what) as string[]);
else await call(JSON.parse(what) as Flow[]);
console.log('ready');
for await (const order of createInterface({ input: process.stdin })) {
	if (order === 'tell') tell();
	else {
		hushed = true;
		console.log('hushed');
	}
}
