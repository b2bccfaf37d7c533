/** System calls that reach beyond a container, or into parts of the kernel that are shared. */
import type { Attack } from '../attack.ts';

const SECCOMP = 'filter of system calls (seccomp)';
const calls = (by: string, outcome: Attack['outcome'], tried: Readonly<Record<string, string>>): Attack[] =>
	Object.entries(tried).map(([call, what]) => ({ what, run: { call }, outcome, by }));

export const KERNEL: readonly Attack[] = [
	...calls(SECCOMP, 'EPERM', {
		bpf: 'load BPF programs',
		perf_event_open: 'measure the kernel by performance events',
		userfaultfd: 'delay the kernel by userfaultfd',
		io_uring_setup: 'submit requests by io_uring',
		kexec_load: 'boot another kernel',
		kexec_file_load: 'boot another kernel from a file',
		init_module: 'load a kernel module',
		finit_module: 'load a kernel module from a file',
		delete_module: 'unload a kernel module',
		add_key: 'add a key to a keyring of the host',
		keyctl: 'read the keyring of the host',
		request_key: 'request a key, which starts a program on the host',
		open_by_handle_at: 'open a file of the host by its handle ("shocker")',
		swapon: 'swap to a file',
		reboot: 'reboot the host',
		acct: 'write process accounting',
		quotactl: 'change disk quotas',
		syslog: 'read the log of the kernel',
		clock_settime: 'set the clock',
		sethostname: 'set the host name',
		fanotify_init: 'watch every file of a mount (fanotify)',
		kcmp: 'compare kernel addresses of processes',
		pidfd_getfd: 'take a descriptor of another process',
		process_madvise: 'change the memory of another process',
		personality: 'switch address randomization off',
		move_pages: 'move memory between NUMA nodes',
		vsock: 'talk to the hypervisor (AF_VSOCK)',
	}),
	...calls(SECCOMP, 'EPERM', {
		setns: 'enter a namespace',
		'unshare-user': 'make a user namespace (unshare)',
		'unshare-mount': 'make a mount namespace',
		'unshare-net': 'make a network namespace',
		'unshare-cgroup': 'make a cgroup namespace',
		'clone-user': 'make a user namespace (clone)',
	}),
	...calls(`${SECCOMP}; its arguments cannot be seen, so it is "not implemented"`, 'ENOSYS', {
		'clone3-user': 'make a user namespace (clone3)',
	}),
	...calls('capabilities: nobody gains one that the container does not have', 'EPERM', {
		capset: 'give itself all capabilities',
	}),
];
