/** Output of jls(8), and the words of jail(8) and jexec(8). */
import { type Explanation, explainBy, type KnownWords } from './words.ts';

export interface RunningJail {
	readonly jid: number;
	/** `parent.child` for a jail in a jail. */
	readonly name: string;
	readonly path: string;
	readonly addresses: readonly string[];
}

interface JailRow {
	readonly jid: number | string;
	readonly name?: string;
	readonly path?: string;
	readonly ipv4_addrs?: readonly string[];
	readonly ipv6_addrs?: readonly string[];
}

/** Of `jls -v --libxo json`, and what both have of `jls -n --libxo json`, which gives numbers as text. */
export function parseJails(output: string): RunningJail[] {
	const parsed = JSON.parse(output) as { 'jail-information'?: { jail?: readonly JailRow[] } } | null;
	return (parsed?.['jail-information']?.jail ?? []).map(({ jid, name = '', path = '', ipv4_addrs, ipv6_addrs }) => ({
		jid: Number(jid),
		name,
		path,
		addresses: [...(ipv4_addrs ?? []), ...(ipv6_addrs ?? [])],
	}));
}

const KNOWN: KnownWords = [
	[
		/^jail: unknown parameter: (\S+)/m,
		{
			code: 'INVALID_ARGUMENT',
			why: 'jail(8) of this host has no parameter $1',
			hint: 'see "man 8 jail" on the host, or leave it out',
		},
	],
	[
		/^jail: "([^"]+)" already exists/m,
		{
			code: 'HOST_FAILED',
			why: 'a jail with the name $1 already exists',
			hint: 'find its owner with "jls -v", and remove it with "jail -r $1"',
		},
	],
	[
		/^(?:jail|jls|jexec): (?:jail )?"([^"]+)" not found/m,
		{ code: 'CONTAINER_NOT_RUNNING', why: 'the host has no jail $1', hint: 'start the container' },
	],
	[
		/^jexec: (\S+): no such user/m,
		{
			code: 'COMMAND_FAILED',
			why: 'the container has no user $1',
			hint: 'name a user that exists inside the container (its /etc/passwd)',
		},
	],
	[
		/^env: (.+): No such file or directory/m,
		{ code: 'COMMAND_FAILED', why: 'the container has no command $1', hint: 'name a command of its image' },
	],
	[
		/^jexec: (?:execvp(?:\(\))?: )?(\S+): (No such file or directory|Permission denied|Exec format error)/m,
		{ code: 'COMMAND_FAILED', why: 'the container cannot run $1: $2', hint: 'name a command of its image' },
	],
	[
		/^jail: (?:\S+: )?vnet jails? cannot have IP address restrictions/m,
		{
			code: 'INVALID_ARGUMENT',
			why: 'jail parameters cannot restrict the addresses of a container with its own network stack',
			hint: 'leave ip4 and ip6 parameters out, or use the ipnet driver',
		},
	],
	[
		/^jail: (?:\S+: )?mount\.devfs: (\S+): (.+)/m,
		{
			code: 'HOST_FAILED',
			why: 'devfs cannot be mounted at $1: $2',
			hint: 'use an image with a directory /dev, or -J mount.devfs=false',
		},
	],
	[/^jail: (.+): failed$/m, { code: 'COMMAND_FAILED', why: '$1 did not succeed', hint: 'run it by hand to see why' }],
];

/** @param words error output of jail(8), jexec(8), jls(8), or of env(1) in a jail */
export function explainJail(words: string): Explanation | undefined {
	return explainBy(KNOWN, words);
}
