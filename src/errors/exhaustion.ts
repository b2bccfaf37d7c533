import { KleeneError } from './kleene-error.ts';

/** A resource of the machine or of a process that runs out. */
export type Resource = 'descriptors' | 'processes' | 'memory' | 'watches' | 'disk';

const EXPLANATIONS: { readonly [R in Resource]: { readonly why: string; readonly hint: string } } = {
	descriptors: {
		why: 'the daemon has no file descriptors left',
		hint: 'stop containers or end requests, or raise the limit of kleened (LimitNOFILE of its service, "ulimit -n")',
	},
	processes: {
		why: 'the daemon cannot start another process or thread',
		hint: 'end processes on the host, or raise the limit of kleened (TasksMax of its service, "sysctl kernel.pid_max")',
	},
	memory: {
		why: 'the host has no memory left',
		hint: 'stop containers or other programs on the host, or add memory',
	},
	disk: {
		why: 'the disk is full',
		hint: 'free some space on the file system of the root directory (--root): containers can be stopped and removed all the same',
	},
	watches: {
		why: 'the host has no file watches left',
		hint: 'raise "sysctl fs.inotify.max_user_watches" and "sysctl fs.inotify.max_user_instances"',
	},
};

/** Calls on files, of Node and of the C library: for others ENOSPC means a limit of the kernel. */
const FILE_CALLS =
	/^(?:p?writev?|(?:f?truncate|open|mkdir|symlink|link|rename|mknod|mkfifo)(?:at2?)?|openat2|renameat2|fallocate|fsync|syncfs|close|copyfile|f?setxattr)$/;

/** Resource whose lack an error reports, by the code that Node or a system call gives; undefined: another reason. */
export function exhaustedResource(error: unknown): Resource | undefined {
	if (!(error instanceof Error)) return undefined;
	const { code, syscall, call, cause } = error as NodeJS.ErrnoException & { call?: unknown };
	if (syscall === 'watch' && (code === 'ENOSPC' || code === 'EMFILE')) return 'watches';
	if (code === 'EMFILE' || code === 'ENFILE') return 'descriptors';
	if (code === 'ENOMEM') return 'memory';
	if ((code === 'ENOSPC' || code === 'EDQUOT') && FILE_CALLS.test(String(syscall ?? call))) return 'disk';
	// Of other calls EAGAIN means: not yet.
	if (code === 'EAGAIN' && syscall?.startsWith('spawn')) return 'processes';
	return cause === undefined ? undefined : exhaustedResource(cause);
}

/** Reason and hint for the lack of a resource. */
export function explainExhaustion(resource: Resource): { code: 'HOST_EXHAUSTED'; why: string; hint: string } {
	return { code: 'HOST_EXHAUSTED', ...EXPLANATIONS[resource] };
}

/** The error itself, or the refusal where it reports the lack of a resource. @param what `cannot ...` */
export function refuseExhausted(what: string, error: unknown): unknown {
	const resource = error instanceof KleeneError ? undefined : exhaustedResource(error);
	return resource === undefined ? error : new KleeneError({ what, ...explainExhaustion(resource), cause: error });
}
