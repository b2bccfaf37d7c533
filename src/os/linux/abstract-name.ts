/**
 * Abstract names of unix sockets: a name belongs to one process of a network namespace and is free the moment that
 * process is gone, however it ended. Nothing listens. Source: unix(7).
 */
import { closeSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { checked, declare } from './libc.ts';
import { within } from './netns.ts';

const AF_UNIX = 1;
/** Names of sockets of different types do not meet. */
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;

const socket = declare<(domain: number, type: number, protocol: number) => number>(
	'int socket(int domain, int type, int protocol)',
);
const bind = declare<(fd: number, address: Buffer, length: number) => number>(
	'int bind(int fd, const void *address, uint32_t length)',
);

/**
 * @param namespace descriptor of a network namespace; undefined: the one of this process
 * @returns a descriptor that holds the name until it is closed; it is not inherited
 * @throws SystemCallError `EADDRINUSE` when somebody else has it
 */
export function holdName(namespace: number | undefined, name: string): number {
	const open = () => checked('socket', () => socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	const fd = namespace === undefined ? open() : within(namespace, open);
	// The length says where the name ends; it begins with a NUL.
	const address = Buffer.concat([Buffer.of(AF_UNIX, 0, 0), Buffer.from(name)]);
	try {
		checked('bind', () => bind(fd, address, address.length));
		return fd;
	} catch (error) {
		closeSync(fd);
		throw error;
	}
}

/** Process id of who has a name; undefined when that cannot be seen from here, e.g. from within a container. */
export function holderOfName(namespace: number | undefined, name: string): number | undefined {
	const read = () => readFileSync('/proc/thread-self/net/unix', 'utf8');
	const table = namespace === undefined ? read() : within(namespace, read);
	// Num RefCount Protocol Flags Type St Inode Path
	const line = table.split('\n').find((one) => one.endsWith(` @${name}`));
	const inode = line?.trim().split(/\s+/)[6];
	return inode === undefined ? undefined : processes().find((pid) => hasOpen(pid, `socket:[${inode}]`));
}

function processes(): number[] {
	return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

function hasOpen(pid: number, file: string): boolean {
	const folder = `/proc/${pid}/fd`;
	try {
		return readdirSync(folder).some((fd) => isLinkTo(`${folder}/${fd}`, file));
	} catch {
		return false;
	}
}

/** False also when it was closed while we looked. */
function isLinkTo(path: string, file: string): boolean {
	try {
		return readlinkSync(path) === file;
	} catch {
		return false;
	}
}
