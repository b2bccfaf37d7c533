/**
 * Starts programs with posix_spawn(3). `fork`, which Node uses, copies the page tables of the daemon and has it fault on
 * every page that it writes to afterwards: 10 ms and more of its only thread for each container. Here the child borrows
 * the memory of its parent until it is another program, however large the parent is.
 */
import { closeSync, constants } from 'node:fs';
import { Socket } from 'node:net';
import { errnoName } from '../errno.ts';
import { CommandError, type Launched } from '../exec.ts';
import { checked, declare, declareInBackground, describeErrno } from './libc.ts';

const socketpair = declare<(domain: number, type: number, protocol: number, pair: Buffer) => number>(
	'int socketpair(int domain, int type, int protocol, void *pair)',
);
const fcntl = declare<(fd: number, command: number, type: 'int', value: number) => number>(
	'int fcntl(int fd, int command, ...)',
);
const waitpid = declare<(pid: number, status: Buffer, options: number) => number>(
	'int waitpid(int pid, void *status, int options)',
);
const actionsInit = declare<(actions: Buffer) => number>('int posix_spawn_file_actions_init(void *actions)');
const actionsDestroy = declare<(actions: Buffer) => number>('int posix_spawn_file_actions_destroy(void *actions)');
const actionsOpen = declare<(actions: Buffer, fd: number, path: string, flags: number, mode: number) => number>(
	'int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, uint32_t mode)',
);
const actionsDuplicate = declare<(actions: Buffer, fd: number, as: number) => number>(
	'int posix_spawn_file_actions_adddup2(void *actions, int fd, int newfd)',
);
const attributesInit = declare<(attributes: Buffer) => number>('int posix_spawnattr_init(void *attr)');
const attributesFlags = declare<(attributes: Buffer, flags: number) => number>(
	'int posix_spawnattr_setflags(void *attr, short flags)',
);
const attributesDefault = declare<(attributes: Buffer, signals: Buffer) => number>(
	'int posix_spawnattr_setsigdefault(void *attr, const void *set)',
);
const attributesMask = declare<(attributes: Buffer, signals: Buffer) => number>(
	'int posix_spawnattr_setsigmask(void *attr, const void *set)',
);
const spawn = declareInBackground<
	[
		pid: Buffer,
		path: string,
		actions: Buffer,
		attributes: Buffer,
		argv: readonly (string | null)[],
		env: readonly (string | null)[],
	]
>(
	'int posix_spawn(void *pid, const char *path, const void *actions, const void *attr, const char **argv, const char **envp)',
);

const AF_UNIX = 1;
const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
const F_DUPFD_CLOEXEC = 1030;
const WNOHANG = 1;
/** POSIX_SPAWN_SETSIGDEF, _SETSIGMASK and _SETSID: no signal ignored or blocked, a session of its own. Source: spawn.h. */
const FLAGS = 0x04 | 0x08 | 0x80;
/** Bytes; `posix_spawnattr_t`, the largest of the structures of glibc and musl, has 336. */
const STRUCTURE = 512;
/** Bytes of `sigset_t`. */
const SIGNALS = 128;
/** Milliseconds between looks for the end of a program. */
const LOOK = 5;
const LONGEST_LOOK = 200;

/**
 * Starts a program in a session of its own, its standard input and output empty, with `pipes` two-way pipes.
 *
 * @param argv its absolute path first
 * @throws CommandError when it cannot be started; `cause` is the error of the system
 */
export async function launch(
	argv: readonly string[],
	options: { readonly pipes: number; readonly env?: Readonly<Record<string, string>> },
): Promise<Launched> {
	const mine: number[] = [];
	const theirs: number[] = [];
	try {
		// Error output comes first, as descriptor 2; the others follow it.
		for (let count = 0; count <= options.pipes; count += 1) {
			const pair = Buffer.alloc(8);
			checked('socketpair', () => socketpair(AF_UNIX, SOCK_STREAM_CLOEXEC, 0, pair));
			mine.push(pair.readInt32LE());
			theirs.push(pair.readInt32LE(4));
		}
		for (const [index, fd] of theirs.entries()) theirs[index] = aside(fd, 3 + options.pipes);
		const pid = await start(argv, theirs, { ...process.env, LC_ALL: 'C', ...options.env });
		return launched(pid, mine.splice(0));
	} catch (error) {
		if (error instanceof CommandError) throw error;
		throw new CommandError(argv, String(error), { cause: error });
	} finally {
		for (const fd of [...mine, ...theirs]) closeSync(fd);
	}
}

/** The descriptors of the child are put in place one by one: none of them may lie where another one goes. */
function aside(fd: number, least: number): number {
	if (fd >= least) return fd;
	const other = checked('fcntl', () => fcntl(fd, F_DUPFD_CLOEXEC, 'int', least));
	closeSync(fd);
	return other;
}

async function start(argv: readonly string[], descriptors: readonly number[], env: NodeJS.ProcessEnv): Promise<number> {
	const actions = Buffer.alloc(STRUCTURE);
	const attributes = Buffer.alloc(STRUCTURE);
	const pid = Buffer.alloc(4);
	actionsInit(actions);
	try {
		attributesInit(attributes);
		attributesFlags(attributes, FLAGS);
		attributesDefault(attributes, Buffer.alloc(SIGNALS, 0xff));
		attributesMask(attributes, Buffer.alloc(SIGNALS));
		for (const fd of [0, 1]) actionsOpen(actions, fd, '/dev/null', constants.O_RDWR, 0);
		for (const [index, fd] of descriptors.entries()) actionsDuplicate(actions, fd, 2 + index);
		const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`);
		const errno = await spawn(pid, argv[0]!, actions, attributes, [...argv, null], [...variables, null]);
		if (errno !== 0) throw notStarted(argv, errno);
		return pid.readInt32LE();
	} finally {
		actionsDestroy(actions);
	}
}

function notStarted(argv: readonly string[], errno: number): CommandError {
	const code = errnoName(errno);
	const cause = Object.assign(new Error(`posix_spawn: ${describeErrno(errno)}`), { code, syscall: 'spawn' });
	return new CommandError(argv, code === 'ENOENT' ? 'not found' : `${describeErrno(errno)} (${code})`, { cause });
}

function launched(pid: number, descriptors: readonly number[]): Launched {
	const streams = descriptors.map((fd) => {
		const stream = new Socket({ fd, readable: true, writable: true });
		return stream.on('error', () => {});
	});
	const [stderr, ...pipes] = streams as [Socket, ...Socket[]];
	let said = '';
	stderr.setEncoding('utf8').on('data', (chunk: string) => {
		said += chunk;
	});
	stderr.on('end', () => stderr.destroy());
	return { pid, pipes, stderr: () => said.trim(), exited: exitOf(pid) };
}

/** Node waits for children of its own alone, so somebody has to look. */
function exitOf(pid: number): Promise<number> {
	return new Promise((resolve) => {
		const status = Buffer.alloc(4);
		let pause = LOOK;
		const look = () => {
			const found = waitpid(pid, status, WNOHANG);
			// Its last words are there to be read, and are read before that.
			if (found !== 0) return setImmediate(resolve, found === pid ? exitCode(status.readInt32LE()) : -1);
			setTimeout(look, pause);
			pause = Math.min(2 * pause, LONGEST_LOOK);
		};
		setTimeout(look, LOOK);
	});
}

/** Source: wait(2), bits/waitstatus.h. */
function exitCode(status: number): number {
	const signal = status & 0x7f;
	return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}
