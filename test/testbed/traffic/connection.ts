import { closeSync } from 'node:fs';
import { hasCode } from '#os/errno.ts';
import { checked, declare } from '#os/linux/libc.ts';
import { socketAddress } from '#os/linux/sockets.ts';

const [AF_INET, AF_INET6] = [2, 10];
const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

type Addressed = (fd: number, address: Buffer, length: number) => number;
const socket = declare<(domain: number, type: number, protocol: number) => number>('int socket(int, int, int)');
const bind = declare<Addressed>('int bind(int, const void *, uint32_t)');
const connect = declare<Addressed>('int connect(int, const void *, uint32_t)');

export interface Target {
	readonly address: string;
	readonly port: number;
}

/**
 * Begins a TCP connection in the namespace that the thread is in.
 *
 * @param source address that is spoken from; absent: the one that the route gives
 * @returns a descriptor, owned by the caller; reading tells whether the connection comes about
 * @throws SystemCallError e.g. ENETUNREACH, EADDRNOTAVAIL
 */
export function beginConnection({ address, port }: Target, source?: string): number {
	const domain = address.includes(':') ? AF_INET6 : AF_INET;
	const fd = checked('socket', () => socket(domain, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
	try {
		const [own, there] = [source && socketAddress(source, 0), socketAddress(address, port)];
		if (own) checked('bind', () => bind(fd, own, own.length));
		checked('connect', () => connect(fd, there, there.length));
	} catch (error) {
		if (hasCode(error, 'EINPROGRESS')) return fd;
		closeSync(fd);
		throw error;
	}
	return fd;
}
