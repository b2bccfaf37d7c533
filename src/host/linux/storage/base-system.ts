/**
 * Turns unpacked packages into a system: no maintainer script was run, so their files are written here,
 * and `/bin/sh /etc/rc` starts services and returns, which is what a thin virtual machine runs.
 */
import { chownSync, closeSync, constants, fchownSync } from 'node:fs';
import { existsInRoot, linkInRoot, openInRoot, openRoot, readInRoot, writeInRoot } from '#os/linux/files/inroot.ts';

/** Packages of a base system with a few services. Everything else comes as a dependency. */
export const PACKAGES: readonly string[] = [
	'base-files',
	'base-passwd',
	'bash',
	'busybox',
	'coreutils',
	'dash',
	'findutils',
	'grep',
	'hostname',
	'iproute2',
	'iputils-ping',
	'libc-bin',
	'login',
	'mawk',
	'net-tools',
	'netbase',
	'netcat-openbsd',
	'procps',
	'sed',
	'util-linux',
];

/** Not read in a container, and half of its size. Below the root of the image. */
export const SUPERFLUOUS: readonly string[] = [
	'etc/apt',
	'etc/hostname',
	'etc/resolv.conf',
	'usr/share/doc',
	'usr/share/info',
	'usr/share/lintian',
	'usr/share/locale',
	'usr/share/man',
	'var/lib/apt',
	'var/cache/apt',
];

/** Link to target, where the packages brought nothing of that name. */
const LINKS: readonly (readonly [string, string])[] = [
	['/bin/sh', 'dash'],
	['/etc/mtab', '../proc/self/mounts'],
	['/usr/bin/awk', 'mawk'],
	['/usr/bin/nc', 'nc.openbsd'],
	['/usr/bin/netcat', 'nc.openbsd'],
];

/** In packages these are empty directories, because old systems had them; a maintainer script makes links of them. */
const MOVED: readonly (readonly [string, string])[] = [
	['/var/run', '/run'],
	['/var/lock', '/run/lock'],
];

/** Tools of busybox for which no package brought a real one. */
const APPLETS: readonly string[] = [
	...['arping', 'clear', 'ftpget', 'ftpput', 'httpd', 'killall', 'less', 'logger', 'logread', 'nslookup', 'syslogd'],
	...['telnet', 'traceroute', 'traceroute6', 'tftp', 'time', 'udhcpc', 'unzip', 'vi', 'wget', 'which', 'xxd'],
];

const RC = `#!/bin/sh
# Starts the services of this container, in order of their names, and returns.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
mkdir -p /run/lock /tmp
for script in /etc/rc.d/*; do
	if [ -f "$script" ] && [ -x "$script" ]; then
		"$script" start || echo "/etc/rc: $script failed" >&2
	fi
done
exit 0
`;

const RC_SHUTDOWN = `#!/bin/sh
# Stops the services of this container in the opposite order.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
scripts=
for script in /etc/rc.d/*; do
	if [ -f "$script" ] && [ -x "$script" ]; then
		scripts="$script $scripts"
	fi
done
for script in $scripts; do
	"$script" stop || echo "/etc/rc.shutdown: $script failed" >&2
done
exit 0
`;

const SYSLOGD = `#!/bin/sh
# The system log: /dev/log to /var/log/messages.
pidfile=/run/syslogd.pid
case "$1" in
start)
	# What a container leaves in /run outlives it: the number may be that of another process by now.
	rm -f "$pidfile"
	# Without its own standard streams, or it would hold the output of the process that started the container.
	busybox syslogd -O /var/log/messages </dev/null >/dev/null 2>&1 || exit
	# It is in the background before it listens.
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		[ -s "$pidfile" ] && exit 0
		sleep 0.05
	done
	exit 1
	;;
stop)
	if [ -s "$pidfile" ]; then
		kill "$(cat "$pidfile")" 2>/dev/null
		rm -f "$pidfile"
	fi
	;;
*)
	echo "usage: $0 start|stop" >&2
	exit 2
	;;
esac
`;

const FILES: readonly (readonly [path: string, content: string, mode: number])[] = [
	['/etc/rc', RC, 0o755],
	['/etc/rc.shutdown', RC_SHUTDOWN, 0o755],
	['/etc/rc.d/syslogd', SYSLOGD, 0o755],
	['/etc/hosts', '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n', 0o644],
	['/etc/nsswitch.conf', 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nservices: files\n', 0o644],
	['/etc/shells', '/bin/sh\n/bin/dash\n/bin/bash\n', 0o644],
	// The stacks that pam-auth-update would have made: without them not even root could run su.
	['/etc/pam.d/common-auth', 'auth required pam_unix.so\n', 0o644],
	['/etc/pam.d/common-account', 'account required pam_unix.so\n', 0o644],
	['/etc/pam.d/common-password', 'password required pam_unix.so yescrypt\n', 0o644],
	['/etc/pam.d/common-session', 'session required pam_unix.so\n', 0o644],
	['/etc/pam.d/common-session-noninteractive', 'session required pam_unix.so\n', 0o644],
];

/** Master files of packages, and where a maintainer script copies them. */
const COPIES: readonly (readonly [from: string, to: string])[] = [
	['/usr/share/base-passwd/passwd.master', '/etc/passwd'],
	['/usr/share/base-passwd/group.master', '/etc/group'],
	['/usr/share/base-files/profile', '/etc/profile'],
	['/usr/share/base-files/motd', '/etc/motd'],
	['/usr/share/base-files/dot.profile', '/root/.profile'],
	['/usr/share/base-files/dot.bashrc', '/root/.bashrc'],
];

/** @param path the root of the unpacked packages, on the host */
export function completeBaseSystem(path: string): void {
	const root = openRoot(path);
	try {
		for (const [from, to] of COPIES) {
			const content = readInRoot(root, from);
			if (content !== undefined) writeInRoot(root, to, content);
		}
		for (const [name, content, mode] of FILES) writeInRoot(root, name, content, mode);
		for (const [name, target] of MOVED) linkInRoot(root, name, target);
		for (const [name, target] of LINKS) if (!existsInRoot(root, name)) linkInRoot(root, name, target);
		for (const name of APPLETS) if (!isInstalled(root, name)) linkInRoot(root, `/usr/bin/${name}`, busyboxOf(root));
		writeShadow(root);
	} finally {
		closeSync(root);
	}
	chownSync(path, 0, 0);
}

function isInstalled(root: number, command: string): boolean {
	return ['/bin', '/sbin', '/usr/bin', '/usr/sbin'].some((place) => existsInRoot(root, `${place}/${command}`));
}

function busyboxOf(root: number): string {
	return existsInRoot(root, '/usr/bin/busybox') ? 'busybox' : '/bin/busybox';
}

/** Accounts have no password. */
function writeShadow(root: number): void {
	const passwd = readInRoot(root, '/etc/passwd') ?? '';
	const users = passwd.split('\n').filter((line) => line.includes(':'));
	writeInRoot(root, '/etc/passwd', passwd.replace(/^([^:\n]+):\*:/gm, '$1:x:'));
	const lines = users.map((line) => `${line.split(':')[0]}:*:19000:0:99999:7:::\n`);
	writeInRoot(root, '/etc/shadow', lines.join(''), 0o640);
	const group = /^shadow:[^:]*:(\d+):/m.exec(readInRoot(root, '/etc/group') ?? '')?.[1];
	const file = openInRoot(root, '/etc/shadow', constants.O_RDONLY);
	fchownSync(file, 0, Number(group ?? 0));
	closeSync(file);
}
