/** One question to one name server: a socket of its own each time, so its port is as hard to guess as its id. */
import { createSocket } from 'node:dgram';
import { isIPv6, Socket } from 'node:net';
import { openDatagrams, startConnection, withoutZone } from '#os/linux/sockets.ts';
import { frame, MessageReader } from './frames.ts';
import { isAnswerTo } from './query.ts';
import type { Upstream } from './upstreams.ts';

export interface Exchange {
	readonly upstream: Upstream;
	/** Descriptor of the network namespace to ask from; undefined: the one of this process. */
	readonly namespace: number | undefined;
	/** Its id is the one that the answer must have. */
	readonly question: Buffer;
	/** Milliseconds. */
	readonly timeout: number;
	/** Milliseconds after which a datagram is sent once more, as it may have got lost. */
	readonly again: number;
	/** Given up when this is aborted. */
	readonly signal: AbortSignal;
}

export type Ask = (exchange: Exchange) => Promise<Buffer>;

/** Rejects when there is no answer: refused, unreachable, timeout, given up. What does not match is not an answer. */
export function askByDatagram({ upstream, namespace, question, again, ...limits }: Exchange): Promise<Buffer> {
	return settleOnce(limits, ({ done, fail }) => {
		const { host, port } = upstream;
		const family = isIPv6(host) ? 6 : 4;
		const fd = openDatagrams({ namespace, address: host });
		// Everything here is numeric: there is nothing to look up.
		const socket = createSocket({ type: `udp${family}`, lookup: (name, _options, found) => found(null, name, family) });
		const send = () => socket.send(question, (error) => error && fail(error));
		const repeat = setTimeout(send, again);
		socket.on('error', fail);
		socket.on('message', (answer) => {
			if (isAnswerTo(question, answer)) done(answer);
		});
		socket.bind({ fd, exclusive: true });
		// Connected: the kernel drops what others send and reports at once that nobody is there.
		// Without a route the callback is told so, which its type conceals.
		socket.connect(port, withoutZone(host), (unconnected?: Error) => {
			if (unconnected) fail(unconnected);
			else send();
		});
		return () => {
			clearTimeout(repeat);
			socket.close();
		};
	});
}

export function askByStream({ upstream, namespace, question, ...limits }: Exchange): Promise<Buffer> {
	return settleOnce(limits, ({ done, fail }) => {
		const fd = startConnection({ namespace, address: upstream.host, port: upstream.port });
		const socket = new Socket({ fd, readable: true, writable: true });
		const reader = new MessageReader();
		socket.on('error', fail);
		socket.on('close', () => fail(new Error('closed without an answer')));
		socket.on('data', (chunk: Buffer) => {
			for (const answer of reader.read(chunk)) if (isAnswerTo(question, answer)) done(answer);
		});
		socket.write(frame(question));
		return () => socket.destroy();
	});
}

interface Outcome {
	done(answer: Buffer): void;
	fail(error: Error): void;
}

/** @param start returns what to do when it is over, however it ended */
function settleOnce(
	{ timeout, signal }: Pick<Exchange, 'timeout' | 'signal'>,
	start: (outcome: Outcome) => () => void,
): Promise<Buffer> {
	return new Promise((resolve, reject) => {
		let over = false;
		const end = (settle: () => void): void => {
			if (over) return;
			over = true;
			clearTimeout(timer);
			signal.removeEventListener('abort', giveUp);
			// Not from within the socket's own callbacks: it may not be open yet.
			setImmediate(() => release());
			settle();
		};
		const fail = (error: unknown): void => end(() => reject(error));
		const giveUp = (): void => fail(new Error('given up'));
		let release = (): void => undefined;
		const timer = setTimeout(() => fail(new Error('timeout')), timeout);
		signal.addEventListener('abort', giveUp, { once: true });
		if (signal.aborted) return giveUp();
		try {
			release = start({ done: (answer) => end(() => resolve(answer)), fail });
		} catch (error) {
			fail(error); // E.g. ENETUNREACH.
		}
	});
}
