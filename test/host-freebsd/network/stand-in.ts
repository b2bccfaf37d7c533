/**
 * Stands in for the programs of a FreeBSD host that configure its network, as far as our scripts use them: what they
 * answer, and what they refuse, is what the recordings show.
 */

export interface StandInLink {
	group: string;
	up: boolean;
	ether: string;
	mtu: number;
	description: string;
	/** With prefix. */
	addresses: string[];
	/** Names, with whether they are private. */
	members: Record<string, boolean>;
	/** Jail that it is in, `''` for the host. */
	jail: string;
	nd6: string[];
}

export interface StandInState {
	links: Record<string, StandInLink>;
	jails: Record<string, { vnet: boolean; ip4: string[]; ip6: string[]; gateways: Record<string, string> }>;
	sysctl: Record<string, string>;
	/** Command lines, in order. */
	calls: string[];
	/** Command lines (beginnings of them) that fail, for trying what a script does then. */
	failing: string[];
	/** Words of ifconfig that fail, after those before them were done. */
	failingWords?: string[];
	/** A name that somebody takes in the moment in which an interface is made. */
	snatched?: string;
}

export function emptyHost(): StandInState {
	return { links: {}, jails: {}, sysctl: {}, calls: [], failing: [] };
}

export function link(rest: Partial<StandInLink>): StandInLink {
	const common = { group: '', up: false, ether: '', mtu: 1500, description: '', jail: '' };
	return { ...common, addresses: [], members: {}, nd6: [], ...rest };
}

/** What a program writes, and its exit code. */
export interface Answer {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}

class Failed extends Error {
	readonly stdout: string;

	constructor(message: string, stdout = '') {
		super(message);
		this.stdout = stdout;
	}
}

function render(name: string, one: StandInLink): string {
	const flags = `${one.up ? 'UP,' : ''}BROADCAST,SIMPLEX,MULTICAST`;
	const out = [`${name}: flags=8843<${flags}> metric 0 mtu ${one.mtu}`];
	if (one.description) out.push(`\tdescription: ${one.description}`);
	if (one.ether) out.push(`\tether ${one.ether}`);
	for (const address of one.addresses)
		out.push(address.includes(':') ? `\tinet6 ${address}` : `\tinet ${address} broadcast 0.0.0.0`);
	for (const [member, isPrivate] of Object.entries(one.members))
		out.push(`\tmember: ${member} flags=143<LEARNING${isPrivate ? ',PRIVATE' : ''}>`, '\t        ifmaxaddr 0 port 8');
	if (one.group) out.push(`\tgroups: ${one.group}`);
	return [...out, `\tnd6 options=1<PERFORMNUD${one.nd6.map((flag) => `,${flag}`).join('')}>`].join('\n');
}

function ifconfig(state: StandInState, jail: string, args: string[]): string {
	if (args[0] === '-f') args = args.slice(2);
	if (args[0] === '-a') args = [];
	const seen = Object.entries(state.links).filter(([, one]) => one.jail === jail);
	let [name = '', ...words] = args;
	if (name === '') return seen.map(([own, one]) => render(own, one)).join('\n');
	let printed = '';
	if (words[0] === 'create') {
		[name, words] = [clone(state, name), words.slice(1)];
		printed = name;
	}
	if (state.links[name]?.jail !== jail && words[0] !== '-vnet')
		throw new Failed(`ifconfig: interface ${name} does not exist`);
	if (words.length === 0 && printed === '') return render(name, state.links[name]!);
	while (words.length > 0) {
		if (state.failingWords?.includes(words[0]!)) throw new Failed(`ifconfig: ${words[0]}`, printed && `${name}\n`);
		name = configure(state, name, words);
	}
	return printed === '' ? '' : name;
}

function clone(state: StandInState, driver: string): string {
	const base = /\d$/.test(driver) ? driver : `${driver}${Object.keys(state.links).length + 2}`;
	const group = base.replace(/\d+$/, '');
	for (const name of group === 'epair' ? [`${base}a`, `${base}b`] : [base]) {
		if (state.links[name]) throw new Failed('ifconfig: SIOCIFCREATE2 (epair): File exists');
		state.links[name] = link({ group, ether: group === 'lo' ? '' : '02:aa:bb:cc:dd:0a' });
	}
	if (state.snatched) state.links[state.snatched] = link({ group: 'tap' });
	return group === 'epair' ? `${base}a` : base;
}

/** One word with what belongs to it, which are taken off. @returns the name, which may be another then */
function configure(state: StandInState, name: string, words: string[]): string {
	const one = state.links[name];
	const word = words.shift() ?? '';
	const next = () => words.shift() ?? '';
	if (word === 'name') return rename(state, name, next());
	if (word === '-vnet') giveBack(state, name, next());
	else if (word === 'description') one!.description = next();
	else if (word === 'ether') one!.ether = next();
	else if (word === 'mtu') one!.mtu = Number(next());
	else if (word === 'up') one!.up = true;
	else if (word === 'vnet')
		Object.assign(one!, { jail: jailNamed(state, next(), 'ifconfig: jail'), up: false, addresses: [] });
	else if (word === 'destroy') destroy(state, name);
	else if (word === 'addm' || word === 'deletem') member(one!, word, next());
	else if (word === 'private' || word === '-private') one!.members[next()] = word === 'private';
	else if (word === 'no_dad' || word === '-ifdisabled') one!.nd6.push(word.toUpperCase());
	else if (/^[0-9a-f.:]+(\/\d+)?$/.test(word)) address(one!, word, next());
	else if (word !== 'inet' && word !== 'inet6') throw new Failed(`ifconfig: ${word}: bad value`);
	return name;
}

function rename(state: StandInState, name: string, to: string): string {
	if (state.links[to]) throw new Failed('ifconfig: ioctl SIOCSIFNAME (set name): File exists', `${name}\n`);
	state.links[to] = state.links[name]!;
	delete state.links[name];
	return to;
}

function giveBack(state: StandInState, name: string, jail: string): void {
	jailNamed(state, jail, 'ifconfig: jail');
	if (state.links[name]?.jail !== jail)
		throw new Failed(`ifconfig: ioctl SIOCSIFRVNET (${name}): Device not configured`);
	state.links[name].jail = '';
}

function destroy(state: StandInState, name: string): void {
	delete state.links[name];
	if (/^epair\d+a$/.test(name)) delete state.links[name.replace(/a$/, 'b')];
	for (const { members } of Object.values(state.links)) delete members[name];
}

function member(bridge: StandInLink, verb: 'addm' | 'deletem', name: string): void {
	const present = name in bridge.members;
	if (verb === 'addm' && present) throw new Failed(`ifconfig: BRDGADD ${name}: File exists`);
	if (verb === 'deletem' && !present) throw new Failed(`ifconfig: BRDGDEL ${name}: No such file or directory`);
	if (verb === 'addm') bridge.members[name] = false;
	else delete bridge.members[name];
}

function address(one: StandInLink, text: string, verb: string): void {
	const without = one.addresses.filter((other) => other.split('/')[0] !== text.split('/')[0]);
	if (verb === '-alias' && without.length === one.addresses.length)
		throw new Failed("ifconfig: ioctl (SIOCDIFADDR): Can't assign requested address");
	one.addresses = verb === '-alias' ? without : [...without, text];
}

function jailNamed(state: StandInState, name: string, who: string): string {
	if (!state.jails[name]) throw new Failed(`${who} "${name}" not found`);
	return name;
}

function jls(state: StandInState, args: string[]): string {
	if (args[0] !== '-j') {
		const all = Object.entries(state.jails);
		return all.map(([name, { ip4, ip6 }]) => `${name} ${ip4.join(',') || '-'} ${ip6.join(',') || '-'}`).join('\n');
	}
	const { ip4, ip6, vnet } = state.jails[jailNamed(state, args[1] ?? '', 'jls: jail')]!;
	if (args[2] === 'vnet') return vnet ? 'new' : 'inherit';
	return (args[2] === 'ip4.addr' ? ip4 : ip6).join(',') || '-';
}

/** `-m`: `ip4=disable` leaves the list as it is (152), an empty one empties it (154), the rest of one is sorted. */
function jail(state: StandInState, [, name = '', parameter = '']: string[]): string {
	const found = state.jails[jailNamed(state, name.replace('name=', ''), 'jail:')]!;
	const [key = '', value = ''] = parameter.split('=');
	const [first, ...rest] = value.split(',').filter((address) => address !== '');
	if (key.endsWith('.addr')) found[key === 'ip4.addr' ? 'ip4' : 'ip6'] = first ? [first, ...rest.toSorted()] : [];
	return '';
}

function route(state: StandInState, name: string, args: string[]): string {
	const [verb = '', family = '', , gateway = ''] = args.filter((word) => word !== '-n');
	const { gateways } = state.jails[name]!;
	if (verb === 'get') {
		if (!gateways[family]) throw new Failed('route: route has not been found');
		return `   route to: default\ndestination: default\n    gateway: ${gateways[family]}\n        fib: 0`;
	}
	if (verb === 'add' && gateways[family])
		throw new Failed('', `add net default: gateway ${gateway} fib 0: route already in table\n`);
	if (verb === 'add' || verb === 'change') gateways[family] = gateway;
	else delete gateways[family];
	return `${verb} net default: gateway ${gateway}`;
}

function sysctl(state: StandInState, args: string[]): string {
	if (args[0] === '-n') return state.sysctl[args[1] ?? ''] ?? '0';
	const [name = '', value = ''] = (args[0] ?? '').split('=');
	state.sysctl[name] = value;
	return `${name}: 0 -> ${value}`;
}

function answer(state: StandInState, program: string, args: string[]): string {
	if (program === 'ifconfig' && args[0] === '-j') return ifconfig(state, args[1] ?? '', args.slice(2));
	if (program === 'ifconfig') return ifconfig(state, '', args);
	if (program === 'route') return route(state, args[1] ?? '', args.slice(2));
	if (program === 'jls') return jls(state, args);
	if (program === 'jail') return jail(state, args);
	if (program === 'sysctl') return sysctl(state, args);
	const [name = '', tool = '', ...rest] = args;
	jailNamed(state, name, 'jexec: jail');
	if (tool === 'ifconfig') return ifconfig(state, name, rest);
	if (tool === 'route') return route(state, name, rest);
	throw new Failed(`jexec: execvp: ${tool}: No such file or directory`);
}

/** The call is noted in the state. */
export function call(state: StandInState, program: string, args: string[]): Answer {
	const line = [program, ...args].join(' ');
	state.calls.push(line);
	try {
		if (state.failing.some((beginning) => line.startsWith(beginning))) throw new Failed(`${program}: made to fail`);
		const text = answer(state, program, args);
		return { code: 0, stdout: text === '' ? '' : `${text}\n`, stderr: '' };
	} catch (error) {
		if (!(error instanceof Failed)) throw error;
		return { code: 1, stdout: error.stdout, stderr: error.message === '' ? '' : `${error.message}\n` };
	}
}
