/**
 * A synchronous netlink socket. The kernel answers within `send`, so an answer is there when `recv` asks for it and no
 * call can wait for something that never comes.
 */
import { close, closeSync } from 'node:fs';
import { errnoName } from '#os/errno.ts';
import { checked, declare, declareInBackground, describeErrno, lastErrno } from '../libc.ts';
import { within } from '../netns.ts';
import { CONTROL, decodeMessages, decodeOutcome, encodeMessage, FLAG, type Message } from './messages.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const SOL_NETLINK = 270;
const CAP_ACK = 10;
const EXT_ACK = 11;
const GET_STRICT_CHK = 12;
const MSG_DONTWAIT = 0x40;
/** The kernel never fills more than 32 KiB with one part of a dump. */
const ANSWER_SIZE = 64 * 1024;
/** One for all sockets, since each answer is taken in before the next one is asked for; sockets come and go often. */
const answer = Buffer.allocUnsafe(ANSWER_SIZE);
/** A dump that changes underway is asked for again, this many times. */
const DUMP_TRIES = 10;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const DATAGRAM_SIZE = 100_000;

const socket = declare<(domain: number, type: number, protocol: number) => number>(
	'int socket(int domain, int type, int protocol)',
);
const setsockopt = declare<(fd: number, level: number, name: number, value: Buffer, length: number) => number>(
	'int setsockopt(int fd, int level, int name, const void *value, uint32_t length)',
);
const SEND = 'ssize_t send(int fd, const void *data, size_t length, int flags)';
const send = declare<(fd: number, data: Buffer, length: number, flags: number) => number>(SEND);
const sendInBackground = declareInBackground<[fd: number, data: Buffer, length: number, flags: number]>(SEND);
const recv = declare<(fd: number, data: Buffer, length: number, flags: number) => number>(
	'ssize_t recv(int fd, void *data, size_t length, int flags)',
);

/** A request that the kernel refused. */
export class NetlinkError extends Error {
	/** E.g. `EEXIST`. */
	readonly code: string;
	readonly errno: number;
	/** Description of the request, e.g. `add 10.4.6.1/24 to kleene0`. */
	readonly request: string;
	/** Message of the kernel besides the number, or `''`. */
	readonly kernelText: string;

	constructor(request: string, errno: number, kernelText: string) {
		const code = errnoName(errno);
		super(`${request}: ${kernelText || describeErrno(errno)} (${code})`);
		this.name = 'NetlinkError';
		this.code = code;
		this.errno = errno;
		this.request = request;
		this.kernelText = kernelText;
	}
}

export interface Request {
	readonly type: number;
	/** Besides REQUEST and ACK. */
	readonly flags?: number;
	readonly payload: Buffer;
	/** In words, with the names of what it is about: becomes part of the error. */
	readonly words: string;
}

/** Part of a batch: asks for no answer of its own. */
export interface BatchMessage {
	readonly type: number;
	/** Besides REQUEST. */
	readonly flags: number;
	readonly payload: Buffer;
}

export class NetlinkSocket {
	readonly #fd: number;
	readonly #another: () => NetlinkSocket;
	#sequence = 0;
	/** Bytes that fit into one datagram for sure. */
	#room = DATAGRAM_SIZE;

	private constructor(fd: number, another: () => NetlinkSocket) {
		this.#fd = fd;
		this.#another = another;
	}

	/** @param namespace descriptor of the namespace that the socket shall belong to; default: the caller's */
	static open(protocol: number, namespace?: number): NetlinkSocket {
		const create = () => checked('socket', () => socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol));
		const fd = namespace === undefined ? create() : within(namespace, create);
		const on = Buffer.of(1, 0, 0, 0);
		for (const option of [EXT_ACK, CAP_ACK, GET_STRICT_CHK]) setsockopt(fd, SOL_NETLINK, option, on, 4);
		return new NetlinkSocket(fd, () => NetlinkSocket.open(protocol, namespace));
	}

	/** Requests on a socket that somebody else opened and closes. In the background it asks nothing. */
	static over(fd: number): NetlinkSocket {
		return new NetlinkSocket(fd, () => {
			throw new Error('a borrowed netlink socket asks nothing in the background');
		});
	}

	close(): void {
		closeSync(this.#fd);
	}

	/**
	 * Ask for a change, or for one object.
	 *
	 * @returns the object, where the kernel answers with one
	 * @throws NetlinkError
	 */
	request({ type, flags = 0, payload, words }: Request): Message | undefined {
		return this.#outcome(this.#send(type, FLAG.REQUEST | FLAG.ACK | flags, payload), words);
	}

	/**
	 * The same for a change that takes the kernel long, on a socket of its own while the main thread goes on.
	 *
	 * @throws NetlinkError
	 */
	async requestInBackground({ type, flags = 0, payload, words }: Request): Promise<void> {
		const socket = this.#another();
		try {
			const data = encodeMessage({ type, flags: FLAG.REQUEST | FLAG.ACK | flags, sequence: 1, payload });
			if ((await sendInBackground(socket.#fd, data, data.length, 0)) < 0)
				throw new Error(`${words}: the netlink socket took no message`);
			socket.#outcome(1, words);
		} finally {
			close(socket.#fd, () => {});
		}
	}

	/**
	 * Several messages that the kernel takes as one, framed as its subsystem wants them. The last one before the closing
	 * frame is confirmed.
	 *
	 * @throws NetlinkError of the first that was refused; then nothing of it happened
	 */
	batch(messages: readonly BatchMessage[], words: string): void {
		const first = this.#sequence + 1;
		const confirmed = messages.length - 2;
		const encoded = messages.map(({ type, flags, payload }, index) => {
			this.#sequence = (this.#sequence + 1) >>> 0;
			const asked = FLAG.REQUEST | flags | (index === confirmed ? FLAG.ACK : 0);
			return encodeMessage({ type, flags: asked, sequence: this.#sequence, payload });
		});
		const data = Buffer.concat(encoded);
		this.#makeRoom(data.length);
		checked('send on a netlink socket', () => send(this.#fd, data, data.length, 0));
		const outcomes = this.#drain().filter(({ sequence }) => sequence >= first);
		const refusal = outcomes.map(decodeOutcome).find(({ errno }) => errno !== 0);
		if (refusal) throw new NetlinkError(words, refusal.errno, refusal.text);
		if (outcomes.length === 0) throw new Error(`${words}: the kernel did not answer`);
	}

	/** All that is there to be read. */
	#drain(): Message[] {
		const messages: Message[] = [];
		for (;;) {
			const length = recv(this.#fd, answer, ANSWER_SIZE, MSG_DONTWAIT);
			if (length < 0 && errnoName(lastErrno()) === 'EAGAIN') return messages;
			checked('recv on a netlink socket', () => length);
			for (const message of decodeMessages(answer.subarray(0, length)))
				messages.push({ ...message, payload: Buffer.from(message.payload) });
		}
	}

	/** A batch of thousands of ports is larger than what a socket takes by itself. */
	#makeRoom(length: number): void {
		if (length <= this.#room) return;
		const size = Buffer.alloc(4);
		size.writeInt32LE(length);
		checked('setsockopt', () => setsockopt(this.#fd, SOL_SOCKET, SO_SNDBUFFORCE, size, size.length));
		this.#room = length;
	}

	/** Answer to a request: the object where the kernel returns one. */
	#outcome(sequence: number, words: string): Message | undefined {
		let object: Message | undefined;
		for (;;) {
			for (const message of this.#receive(sequence)) {
				if (message.type !== CONTROL.ERROR) {
					object = { ...message, payload: Buffer.from(message.payload) };
					continue;
				}
				const { errno, text } = decodeOutcome(message);
				if (errno !== 0) throw new NetlinkError(words, errno, text);
				return object;
			}
		}
	}

	/**
	 * Ask for all objects of a kind, or those that the kernel's own filter lets through.
	 *
	 * @param decode turns a payload into a value; the payload is gone afterwards. Undefined leaves the object out.
	 * @throws NetlinkError
	 */
	dump<T>({ type, flags = 0, payload, words }: Request, decode: (payload: Buffer) => T | undefined): T[] {
		for (let tries = 1; ; tries += 1) {
			const sequence = this.#send(type, FLAG.REQUEST | FLAG.DUMP | flags, payload);
			const values: T[] = [];
			const interrupted = this.#collect(sequence, words, (message) => {
				const value = decode(message.payload);
				if (value !== undefined) values.push(value);
			});
			if (!interrupted || tries === DUMP_TRIES) return values;
		}
	}

	/** @returns whether something changed while the kernel was listing */
	#collect(sequence: number, words: string, take: (message: Message) => void): boolean {
		let interrupted = false;
		for (;;) {
			for (const message of this.#receive(sequence)) {
				if (message.flags & FLAG.DUMP_INTERRUPTED) interrupted = true;
				if (message.type !== CONTROL.ERROR && message.type !== CONTROL.DONE) {
					take(message);
					continue;
				}
				const { errno, text } = decodeOutcome(message);
				if (errno !== 0) throw new NetlinkError(words, errno, text);
				return interrupted;
			}
		}
	}

	#send(type: number, flags: number, payload: Buffer): number {
		this.#sequence = (this.#sequence + 1) >>> 0;
		const data = encodeMessage({ type, flags, sequence: this.#sequence, payload });
		checked('send on a netlink socket', () => send(this.#fd, data, data.length, 0));
		return this.#sequence;
	}

	/** The messages of the next datagram that belong to this request: an earlier one may have been given up midway. */
	#receive(sequence: number): Message[] {
		const length = checked('recv on a netlink socket', () => recv(this.#fd, answer, ANSWER_SIZE, MSG_DONTWAIT));
		return decodeMessages(answer.subarray(0, length)).filter((message) => message.sequence === sequence);
	}
}
