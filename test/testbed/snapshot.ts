/** What is on a machine and in a network namespace, as lines of text: taken before and after, the two must be equal. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { outputOf } from './command.ts';
import { within } from './network-namespace.ts';

/** Lines by aspect, e.g. `link`, `mount`. */
export type Snapshot = ReadonlyMap<string, readonly string[]>;

/** `+ link ...` for what came, `- link ...` for what went. Empty: nothing changed. */
export function difference(before: Snapshot, after: Snapshot): string[] {
	const changes: string[] = [];
	for (const aspect of new Set([...before.keys(), ...after.keys()])) {
		const old = before.get(aspect) ?? [];
		const now = after.get(aspect) ?? [];
		changes.push(...old.filter((line) => !now.includes(line)).map((line) => `- ${aspect}: ${line}`));
		changes.push(...now.filter((line) => !old.includes(line)).map((line) => `+ ${aspect}: ${line}`));
	}
	return changes;
}

const QUESTIONS: ReadonlyMap<string, string> = new Map([
	['link', 'ip -d -o link'],
	['address', 'ip -o address'],
	['route', 'ip route show table all; ip -6 route show table all'],
	['rule', 'ip rule; ip -6 rule'],
	['proxy', 'ip neighbour show proxy; ip -6 neighbour show proxy'],
	['bridge', 'bridge vlan; bridge mdb'],
	['firewall', 'nft list ruleset'],
	['forwarding', 'cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding'],
]);

/** @param name of a network namespace; absent: the machine's own. */
export async function snapshotOfNetwork(name?: string): Promise<Snapshot> {
	const script = [...QUESTIONS].map(([aspect, command]) => `echo "@${aspect}"; { ${command}; } 2>&1`).join('\n');
	const text = await outputOf([...(name ? within(name) : []), 'sh', '-c', script]);
	const snapshot = new Map<string, string[]>();
	let lines: string[] = [];
	for (const line of text.split('\n')) {
		if (line.startsWith('@')) {
			lines = [];
			snapshot.set(line.slice(1), lines);
		} else if (line.trim() !== '' && !OF_THE_KERNEL.test(line)) lines.push(steady(line));
	}
	return snapshot;
}

/**
 * Link-local addresses and their routes come by themselves, some time after an interface is up. ip(8) knows its
 * namespace by its name, and complains of a name that another test is about to make or remove. A bridge learns multicast
 * groups, and has the offloads of the ports that it had last.
 */
const OF_THE_KERNEL = /\b(fe80:|ff00::\/8)|Peer netns reference is invalid|^dev .* grp .* temp/;

/** Without what changes by itself: lifetimes, a bridge's timers, and whether anything is at the other end of a cable. */
function steady(line: string): string {
	return line
		.replace(/\\/g, ' ')
		.replace(/(NO-CARRIER,|,LOWER_UP)|\bstate [A-Z]+| linkdown\b/g, '')
		.replace(/\b(valid_lft|preferred_lft|expires|\w+_timer|age|tso_max_\w+) +\S+/g, '')
		.replace(/\s+/g, ' ')
		.trim();
}

export interface RunningProcess {
	readonly pid: number;
	readonly command: string;
}

export function mounts(): string[] {
	const lines = readFileSync('/proc/self/mountinfo', 'utf8').trim().split('\n');
	return lines.map((line) => {
		const [left = '', right = ''] = line.split(' - ');
		return `${left.split(' ').slice(3, 5).join(' ')} ${right}`;
	});
}

const CGROUPS = '/sys/fs/cgroup';

/** Control groups of containers, in every hierarchy. @param containers ids */
export function cgroupsOf(containers: Iterable<string>): string[] {
	const hierarchies = [CGROUPS, ...readdirSync(CGROUPS).map((name) => `${CGROUPS}/${name}`)];
	return [...containers]
		.flatMap((id) => hierarchies.map((folder) => `${folder}/kleene-${id}`))
		.filter((path) => existsSync(path));
}

/**
 * Processes that belong to a Kleene root directory: they name it on their command line, or live in a mount namespace
 * whose mounts come from it.
 */
export function processesOf(root: string): RunningProcess[] {
	const own = readlinkSync('/proc/self/ns/mnt');
	const found: RunningProcess[] = [];
	for (const name of readdirSync('/proc')) {
		const pid = Number(name);
		if (!Number.isInteger(pid) || pid === process.pid) continue;
		try {
			const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
			if (command === '') continue;
			const foreign = readlinkSync(`/proc/${pid}/ns/mnt`) !== own;
			if (command.includes(root) || (foreign && livesOn(root, pid))) found.push({ pid, command });
		} catch {
			// It ended while we looked.
		}
	}
	return found;
}

/**
 * Whether any mount of a process comes from a root directory. Whoever makes a mount namespace has copies of the mounts
 * of all others at first; in those our root is (also) in the mount point, proc(5): the fifth field.
 */
function livesOn(root: string, pid: number): boolean {
	const lines = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').split('\n');
	return lines.some((line) => line.includes(root) && !line.split(' ')[4]?.includes(root));
}
