/** Mounts, devices and files through which the host could be read or changed. */
import type { Attack } from '../attack.ts';

const SECCOMP = 'filter of system calls (seccomp)';
const DEVICES = 'no CAP_MKNOD; device control group';

const calls = (by: string, outcome: Attack['outcome'], tried: Readonly<Record<string, string>>): Attack[] =>
	Object.entries(tried).map(([call, what]) => ({ what, run: { call }, outcome, by }));

const READ_ONLY = 'read-only mount, where the kernel has this file';
const MASKED = 'masked by the runtime';

const row = (what: string, run: Attack['run'], outcome: Attack['outcome'], by: string): Attack => {
	return { what, run, outcome, by };
};

/** Prints `written` or `refused`: not every kernel has every file. */
const write = (path: string, text = 'x'): Attack['run'] => ({
	script: `(echo ${text} >>${path}) 2>/dev/null && echo written || echo refused`,
});
/** Prints `N bytes`. */
const read = (path: string): Attack['run'] => ({ script: `head -c 100 ${path} | wc -c | sed 's/ *$/ bytes/'` });

export const FILES: readonly Attack[] = [
	...calls(SECCOMP, 'EPERM', {
		'mount-tmpfs': 'mount a file system',
		'mount-proc': 'mount another /proc',
		'mount-cgroup': 'mount a cgroup hierarchy, for its release_agent',
		'mount-cgroup2': 'mount the cgroup tree (version 2)',
		'mount-bpf': 'mount the file system of BPF',
		'mount-debugfs': 'mount debugfs',
		'mount-bind': 'mount a directory elsewhere',
		remount: 'make /proc/sys writable',
		umount: 'uncover what is below /proc/sys',
		pivot_root: 'change the root mount',
		open_tree: 'clone a mount (open_tree)',
		move_mount: 'move a mount',
		fsopen: 'mount by fsopen',
		mount_setattr: 'make a mount writable (mount_setattr)',
	}),
	...calls(DEVICES, 'EPERM', {
		'block=8': 'open a disk (mknod b 8 0)',
		'block=7': 'open a loop device',
		'block=254': 'open a virtio or mapped disk',
		'char=1.1': 'open the memory of the host (/dev/mem)',
		'char=1.4': 'open the I/O ports (/dev/port)',
		'char=1.11': 'write into the log of the kernel (/dev/kmsg)',
		'char=10.200': 'make network interfaces (/dev/net/tun)',
		'char=10.229': 'mount by FUSE',
		'char=10.232': 'run virtual machines (/dev/kvm)',
		'char=10.237': 'attach loop devices',
		'char=10.236': 'map disks (/dev/mapper/control)',
		'char=10.223': 'inject input (/dev/uinput)',
		'char=10.238': 'open /dev/vhost-net',
		'char=4.1': 'open a console of the host (/dev/tty1)',
		'char=13.64': 'read the keyboard (/dev/input/event0)',
		'char=226.0': 'open a graphics card',
	}),
	...calls('its root is that of the container: there is nothing above', 'EXDEV', { chroot: 'leave by chroot twice' }),
	row(
		'run a program of its own on each crash (core_pattern)',
		write('/proc/sys/kernel/core_pattern'),
		'refused',
		READ_ONLY,
	),
	row('run a program of its own to load modules', write('/proc/sys/kernel/modprobe'), 'refused', READ_ONLY),
	row('register an interpreter (binfmt_misc)', write('/proc/sys/fs/binfmt_misc/register'), 'refused', READ_ONLY),
	row('change memory settings (/proc/sys/vm)', write('/proc/sys/vm/overcommit_memory'), 'refused', READ_ONLY),
	row(
		'forward packets (/proc/sys/net)',
		write('/proc/sys/net/ipv4/ip_forward', '1'),
		{ vnet: 'written', ipnet: 'refused', host: 'refused', disabled: 'refused' },
		`vnet: it is that of its own network; ${READ_ONLY}`,
	),
	row('crash the host (/proc/sysrq-trigger)', write('/proc/sysrq-trigger'), 'refused', READ_ONLY),
	row('run a program on hotplug (uevent_helper)', write('/sys/kernel/uevent_helper'), 'refused', READ_ONLY),
	row('suspend the host (/sys/power/state)', write('/sys/power/state'), 'refused', READ_ONLY),
	row('create a file in /sys', write('/sys/fs/attack'), 'refused', READ_ONLY),
	row('write to a cgroup', write('/sys/fs/cgroup/cgroup.procs'), 'refused', 'no cgroup file system in containers'),
	row(
		'run a program when a cgroup is empty (release_agent)',
		{ script: 'find / -xdev -name release_agent 2>/dev/null | wc -l | sed "s/ *$/ found/"' },
		'0 found',
		'no cgroup file system in containers',
	),
	row('read the memory of the host (/proc/kcore)', read('/proc/kcore'), '0 bytes', MASKED),
	row('read keys (/proc/keys)', read('/proc/keys'), '0 bytes', MASKED),
	row('read timers of all processes (/proc/timer_list)', read('/proc/timer_list'), '0 bytes', MASKED),
	row(
		'read firmware tables (/sys/firmware)',
		{ script: 'ls -A /sys/firmware 2>/dev/null | wc -l | sed "s/ *$/ entries/"' },
		'0 entries',
		MASKED,
	),
	row(
		'find the socket of the daemon',
		{ script: 'find / -xdev -type s 2>/dev/null | wc -l | sed "s/ *$/ found/"' },
		'0 found',
		'mount namespace: files of the host are not there',
	),
	row('overwrite the init of Kleene', write('/dev/.kleene/init'), 'refused', 'read-only mount'),
	row('overwrite the running init or runtime (/proc/1/exe)', write('/proc/1/exe'), 'refused', 'read-only mount'),
	row(
		'change the mode of /dev/null',
		{ script: 'chmod 600 /dev/null 2>/dev/null && { chmod 666 /dev/null; echo own; } || echo refused' },
		{ vnet: 'refused', ipnet: 'own', host: 'own', disabled: 'own' },
		'a device of the container; on vnet that of the host, on a read-only mount',
	),
	row('change /etc/hosts', write('/etc/hosts'), 'written', 'a file of the container, not of the host'),
];
