/** UDP between namespaces within this process, many questions at a time. */
import { closeSync } from 'node:fs';
import { addressText, UNSPECIFIED } from '#inet/address.ts';
import { type Family, familyOf } from '#inet/family.ts';
import { errnoName } from '#os/errno.ts';
import { declare, lastErrno } from '#os/linux/libc.ts';
import { bindDatagrams, socketAddress } from '#os/linux/sockets.ts';

type Addressed = (fd: number, address: Buffer, length: number) => number;
type Moved = (fd: number, data: Buffer, length: number, flags: number) => number;
const connect = declare<Addressed>('int connect(int, const void *, uint32_t)');
const send = declare<Moved>('ssize_t send(int, const void *, size_t, int)');
const recv = declare<Moved>('ssize_t recv(int, void *, size_t, int)');
const recvfrom = declare<
	(fd: number, data: Buffer, length: number, flags: number, address: Buffer, size: Buffer) => number
>('ssize_t recvfrom(int, void *, size_t, int, void *, void *)');
const sendto = declare<
	(fd: number, data: Buffer, length: number, flags: number, address: Buffer, size: number) => number
>('ssize_t sendto(int, const void *, size_t, int, const void *, uint32_t)');

/** A question that got somewhere. */
export interface Arrival {
	readonly id: number;
	/** Name of the listener. */
	readonly at: string;
	/** Address that it came from. */
	readonly source: string;
}

/** Answers every datagram with its own words, from the address that it was sent to. */
export class Answerers {
	readonly #listeners: { readonly fd: number; readonly name: string }[] = [];
	readonly arrivals: Arrival[] = [];
	readonly #data = Buffer.alloc(64);

	/** @param namespace descriptor */
	listen(namespace: number, name: string, address: string, port: number): void {
		this.#listeners.push({ fd: bindDatagrams({ namespace, address, port }), name });
	}

	/** Takes what has arrived, and answers it. */
	pump(): void {
		for (const { fd, name } of this.#listeners) while (this.#take(fd, name));
	}

	#take(fd: number, name: string): boolean {
		const from = Buffer.alloc(28);
		const size = Buffer.of(from.length, 0, 0, 0);
		const length = recvfrom(fd, this.#data, this.#data.length, 0, from, size);
		if (length < 0) return false;
		const id = Number(this.#data.toString('latin1', 0, length));
		this.arrivals.push({
			id,
			at: name,
			source: addressText(size[0] === 16 ? from.subarray(4, 8) : from.subarray(8, 24)),
		});
		sendto(fd, this.#data, length, 0, from, size[0] ?? 0);
		return true;
	}

	close(): void {
		for (const { fd } of this.#listeners) closeSync(fd);
	}
}

/** What came of a question: `answered`, `silence`, or the error that the kernel reports, e.g. `EHOSTUNREACH`. */
export type Outcome = string;

/** A socket that asks one address. */
export class Asker {
	readonly #fd: number;
	readonly #words: Buffer;
	outcome: Outcome = 'silence';

	/** @param source address to speak from; default: as the route says */
	constructor(namespace: number, id: number, to: { readonly address: string; readonly port: number }, source?: string) {
		this.#words = Buffer.from(`${id}`, 'latin1');
		const family: Family = familyOf(to.address);
		this.#fd = bindDatagrams({ namespace, address: source ?? UNSPECIFIED[family], port: 0 });
		const name = socketAddress(to.address, to.port);
		if (connect(this.#fd, name, name.length) < 0) this.outcome = errnoName(lastErrno());
	}

	get isSettled(): boolean {
		return this.outcome !== 'silence';
	}

	ask(): void {
		if (this.isSettled) return;
		if (send(this.#fd, this.#words, this.#words.length, 0) < 0) this.outcome = errnoName(lastErrno());
	}

	/** Takes an answer or an error, if there is one. */
	pump(): void {
		if (this.isSettled) return;
		const answer = Buffer.alloc(64);
		if (recv(this.#fd, answer, answer.length, 0) >= 0) this.outcome = 'answered';
		else if (errnoName(lastErrno()) !== 'EAGAIN') this.outcome = errnoName(lastErrno());
	}

	close(): void {
		closeSync(this.#fd);
	}
}
