/** What a simulated FreeBSD host has: the state behind the commands of `commands/`. Plain data, no behaviour. */

export interface Interface {
	name: string;
	group: 'bridge' | 'lo' | 'epair' | '';
	up: boolean;
	ether: string;
	mtu: number;
	description: string;
	/** With prefix. */
	addresses: string[];
	/** Of a bridge: name → whether it is private. */
	members: Map<string, boolean>;
}

/** A network stack: the host's, or that of a VNET jail. */
export interface Stack {
	interfaces: Map<string, Interface>;
	/** Gateway by family. */
	defaults: Map<4 | 6, string>;
}

export interface Jail {
	jid: number;
	name: string;
	path: string;
	/** As given to jail(8). */
	parameters: Map<string, string>;
	stack: Stack | undefined;
}

export interface Dataset {
	name: string;
	mountpoint: string;
	mounted: boolean;
	/** The snapshot it was cloned from, `''` for none. */
	origin: string;
	/** Of the user, e.g. `kleene:store`. */
	properties: Map<string, string>;
}

export interface Mount {
	source: string;
	target: string;
	type: 'devfs' | 'nullfs' | 'tmpfs';
	readOnly: boolean;
}

export interface World {
	/** E.g. 13.2: docs/freebsd.md lists the differences between releases. */
	readonly release: number;
	/** Directory that stands for the root of the host: datasets have their files below it. */
	readonly root: string;
	readonly host: Stack;
	readonly jails: Map<string, Jail>;
	nextJid: number;
	readonly datasets: Map<string, Dataset>;
	/** Snapshot name → directory with its files. */
	readonly snapshots: Map<string, string>;
	readonly mounts: Mount[];
	/** Anchor → text that was loaded into it. */
	readonly anchors: Map<string, string>;
	/** Anchors without rules whose tables pf has not purged yet, with the moment (`performance.now()`) at which it does. */
	readonly emptied: Map<string, number>;
	readonly sysctls: Map<string, string>;
	/** devfs(8) ruleset → its rules. */
	readonly deviceRules: Map<string, string[]>;
	mainRules: string;
	pfEnabled: boolean;
}

/** What /etc/pf.conf says there. */
export const PF_CONF = 'nat-anchor "kleene/*"\nrdr-anchor "kleene/*"\nanchor "kleene/*"\n';

export function newInterface(name: string, group: Interface['group'], change: Partial<Interface> = {}): Interface {
	const mtu = group === 'lo' ? 16_384 : 1500;
	const ether = group === 'lo' ? '' : '58:9c:fc:00:00:01';
	const base = { name, group, up: false, ether, mtu, description: '', addresses: [], members: new Map() };
	return { ...base, ...change };
}

export function newWorld(root: string, release: number): World {
	const uplink = newInterface('vtnet0', '', { up: true, ether: '52:54:00:12:34:56', addresses: ['10.0.2.15/24'] });
	const loopback = newInterface('lo0', 'lo', { up: true, addresses: ['127.0.0.1/8'] });
	return {
		root,
		release,
		host: {
			interfaces: new Map([uplink, loopback].map((one) => [one.name, one])),
			defaults: new Map([[4, '10.0.2.2']]),
		},
		jails: new Map(),
		nextJid: 1,
		datasets: new Map([
			['zroot', { name: 'zroot', mountpoint: `${root}/zroot`, mounted: true, origin: '', properties: new Map() }],
		]),
		snapshots: new Map(),
		mounts: [],
		anchors: new Map(),
		emptied: new Map(),
		deviceRules: new Map(),
		sysctls: new Map([
			['net.inet.ip.forwarding', '0'],
			['net.inet6.ip6.forwarding', '0'],
			['kern.features.vimage', '1'],
			['kern.racct.enable', '0'],
			['hw.physmem', '8589934592'],
			['vm.stats.vm.v_forks', '0'],
			['vm.stats.vm.v_vforks', '0'],
			...['pfil_member', 'pfil_bridge'].map((name) => [`net.link.bridge.${name}`, release >= 14 ? '0' : '1'] as const),
			...(release >= 15 ? [['net.link.bridge.member_ifaddrs', '0'] as const] : []),
		]),
		mainRules: PF_CONF,
		pfEnabled: true,
	};
}

/** What a command answers: text for its two streams and an exit code, or what is to run in its place. */
export interface Answer {
	readonly stdout?: string;
	readonly stderr?: string;
	readonly code?: number;
	/** Run in the shell of the caller after the output, e.g. `exec cat file`. */
	readonly run?: string;
}

/** One call of a command on the host, or inside a jail. */
export interface Call {
	readonly world: World;
	readonly argv: readonly string[];
	/** Name of the jail that it is called in, `''` on the host. */
	readonly jail: string;
	/** What it was given on standard input, where its shim passes that on. */
	readonly input: string;
}

export type Command = (call: Call) => Answer;

export function failure(stderr: string, code = 1): Answer {
	return { stderr: `${stderr}\n`, code };
}

/** The stack that a call sees. */
export function stackOf({ world, jail }: Pick<Call, 'world' | 'jail'>): Stack {
	return (jail === '' ? undefined : world.jails.get(jail)?.stack) ?? world.host;
}

/** A call with `-j JAIL` as one inside of that jail, or the refusal. Programs know the option from FreeBSD 14 on. */
export function withJail(call: Call, program: string): Call | Answer {
	const [option, jail = '', ...argv] = call.argv;
	if (option !== '-j') return call;
	if (call.world.release < 14) return failure(`${program}: illegal option -- j\nusage: ${program} ...`);
	const found = [...call.world.jails.values()].find(({ name, jid }) => name === jail || `${jid}` === jail);
	return found ? { ...call, jail: found.name, argv } : failure(`${program}: jail "${jail}" not found`);
}
