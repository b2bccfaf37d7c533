import {
	type Answer,
	type Call,
	failure,
	type Interface,
	type Jail,
	newInterface,
	type Stack,
	stackOf,
	type World,
	withJail,
} from './world.ts';

/** ifconfig(8), the part that Kleene uses. Texts as recorded on 13.2 (fixtures 007 to 051). */
export function ifconfig(all: Call): Answer {
	const call = withJail(all, 'ifconfig');
	if (!('argv' in call)) return call;
	const stack = stackOf(call);
	const words = call.argv.filter((word) => word !== '-n');
	// With prefixes instead of masks: what is asked for is always `inet:cidr,inet6:cidr`.
	const cidr = words[0] === '-f';
	if (cidr) words.splice(0, 2);
	const [first = '-a', ...rest] = words;
	if (first === '-l') return { stdout: `${[...stack.interfaces.keys()].join(' ')}\n` };
	if (first === '-a') return { stdout: [...stack.interfaces.values()].map((one) => show(one, call, cidr)).join('') };
	if (first === '-g') return { stdout: [...ofGroup(stack, rest[0] ?? '')].map((name) => `${name}\n`).join('') };
	if (rest[0] === 'create') return create(call, stack, first, rest.slice(1));
	if (rest[0] === '-vnet') return giveBack(call.world, first, rest[1] ?? '');
	const found = stack.interfaces.get(first);
	if (!found) return failure(`ifconfig: interface ${first} does not exist`);
	if (rest.length === 0) return { stdout: show(found, call, cidr) };
	if (isConfined(call)) return failure('ifconfig: ioctl (SIOCAIFADDR): permission denied');
	return change(call, stack, found, [...rest]);
}

function isConfined({ world, jail }: Call): boolean {
	return jail !== '' && world.jails.get(jail)?.stack === undefined;
}

function ofGroup({ interfaces }: Stack, group: string): string[] {
	return [...interfaces.values()].filter((one) => one.group === group).map(({ name }) => name);
}

function create(call: Call, stack: Stack, kind: string, more: readonly string[]): Answer {
	const epair = /^epair(\d*)$/.exec(kind);
	const group = /^(bridge|lo)\d*$/.exec(kind)?.[1] as 'bridge' | 'lo' | undefined;
	const made = epair ? createEpair(stack, epair[1] ?? '') : createOne(stack, kind, group);
	const one = stack.interfaces.get((made.stdout ?? '').trim());
	if (!one) return made;
	const refused = change(call, stack, one, [...more]);
	// Its name is printed at the end, whatever became of the rest.
	return { ...refused, stdout: `${one.name}\n` };
}

function createOne(stack: Stack, kind: string, group: 'bridge' | 'lo' | undefined): Answer {
	if (!group) return failure('ifconfig: SIOCIFCREATE2: Invalid argument');
	let unit = 0;
	while (stack.interfaces.has(`${group}${unit}`)) unit += 1;
	const name = kind === group ? `${group}${unit}` : kind;
	if (stack.interfaces.has(name)) return failure('ifconfig: create: SIOCIFCREATE2: File exists');
	stack.interfaces.set(name, newInterface(name, group));
	return { stdout: `${name}\n` };
}

function createEpair(stack: Stack, wanted: string): Answer {
	let unit = 0;
	while (stack.interfaces.has(`epair${unit}a`)) unit += 1;
	const name = `epair${wanted === '' ? unit : wanted}`;
	if (stack.interfaces.has(`${name}a`)) return failure('ifconfig: create: SIOCIFCREATE2: File exists');
	for (const end of ['a', 'b'])
		stack.interfaces.set(`${name}${end}`, newInterface(`${name}${end}`, 'epair', { ether: `02:94:95:d0:b6:0${end}` }));
	return { stdout: `${name}a\n` };
}

function giveBack(world: World, name: string, jail: string): Answer {
	const inside = jailOf(world, jail)?.stack;
	const found = inside?.interfaces.get(name);
	if (!inside || !found) return failure(`ifconfig: ioctl SIOCSIFRVNET (${name}): Device not configured`);
	move(found, inside, world.host);
	return {};
}

function jailOf(world: World, name: string): Jail | undefined {
	return [...world.jails.values()].find((one) => one.name === name || `${one.jid}` === name);
}

/** An interface loses its addresses on the way. */
export function move(one: Interface, from: Stack, to: Stack): void {
	from.interfaces.delete(one.name);
	to.interfaces.set(one.name, { ...one, up: false, addresses: [] });
}

function change(call: Call, stack: Stack, one: Interface, words: string[]): Answer {
	while (words.length > 0) {
		const word = words.shift() ?? '';
		const refused = word === 'destroy' ? destroy(call.world, stack, one) : changeOne(call, stack, { one, word, words });
		if (refused) return refused;
	}
	return {};
}

interface Change {
	readonly one: Interface;
	readonly word: string;
	readonly words: string[];
}

function changeOne(call: Call, stack: Stack, { one, word, words }: Change): Answer | undefined {
	const next = () => words.shift() ?? '';
	if (word === 'up' || word === 'down') one.up = word === 'up';
	else if (word === 'ether' || word === 'link') one.ether = next();
	else if (word === 'description' || word === 'descr') one.description = next();
	else if (word === 'mtu') one.mtu = Number(next());
	else if (word === 'inet' || word === 'inet6') return address({ call, stack, one }, word, words);
	else if (word === 'name') return rename(stack, one, next());
	else if (word === 'addm') return addMember(call, stack, one, next());
	else if (word === 'deletem') return deleteMember(one, next());
	else if (word === 'private' || word === '-private') one.members.set(next(), word === 'private');
	else if (word === 'vnet') return intoJail(call, stack, one, next());
	else if (!/^-?[a-z0-9_]+$/.test(word)) return failure(`ifconfig: ${word}: bad value`);
	return undefined;
}

/** Of IPv6, on the interface. */
function skipFlags(words: string[]): void {
	while (/^(no_dad|-?ifdisabled|-?accept_rtadv)$/.test(words[0] ?? '')) words.shift();
}

interface Addressed {
	readonly call: Call;
	readonly stack: Stack;
	readonly one: Interface;
}

function address({ call, stack, one }: Addressed, family: 'inet' | 'inet6', words: string[]): Answer | undefined {
	skipFlags(words);
	if (!/^[0-9a-f]*[:.]/.test(words[0] ?? '')) return undefined;
	let text = words.shift() ?? '';
	const flags: string[] = [];
	while (words.length > 0 && /^(alias|-alias|delete|prefixlen|netmask|no_dad|-ifdisabled|up)$/.test(words[0]!)) {
		const word = words.shift()!;
		if (word === 'prefixlen') text += `/${words.shift()}`;
		else flags.push(word);
	}
	if (flags.includes('up')) one.up = true;
	const bare = text.split('/')[0] ?? '';
	if (bare.includes(':') !== (family === 'inet6')) return failure(`ifconfig: ${text}: bad value`);
	if (!flags.includes('-alias') && !flags.includes('delete')) {
		if (!allowsMemberAddresses(call) && bridgeOf(stack, one.name))
			return failure('ifconfig: ioctl (SIOCAIFADDR): Invalid argument');
		if (!one.addresses.includes(text)) one.addresses.push(text);
		// The first address brings an interface up.
		one.up = true;
		return undefined;
	}
	const at = one.addresses.findIndex((own) => own.split('/')[0] === bare);
	if (at === -1) return failure("ifconfig: ioctl (SIOCDIFADDR): Can't assign requested address");
	one.addresses.splice(at, 1);
	return undefined;
}

function rename({ interfaces }: Stack, one: Interface, name: string): Answer | undefined {
	if (interfaces.has(name)) return failure('ifconfig: ioctl SIOCSIFNAME (set name): File exists');
	interfaces.delete(one.name);
	one.name = name;
	interfaces.set(name, one);
	return undefined;
}

function addMember(call: Call, stack: Stack, bridge: Interface, name: string): Answer | undefined {
	const member = stack.interfaces.get(name);
	if (!member) return failure(`ifconfig: BRDGADD ${name}: No such file or directory`);
	if (bridge.members.has(name)) return failure(`ifconfig: BRDGADD ${name}: File exists`);
	if (bridgeOf(stack, name)) return failure(`ifconfig: BRDGADD ${name}: Device busy`);
	if (member.addresses.length > 0 && !allowsMemberAddresses(call))
		return failure(`ifconfig: BRDGADD ${name}: Invalid argument`);
	bridge.members.set(name, false);
	return undefined;
}

function bridgeOf({ interfaces }: Stack, name: string): Interface | undefined {
	return [...interfaces.values()].find(({ members }) => members.has(name));
}

/** FreeBSD 15 has the setting, and it is off there. */
function allowsMemberAddresses({ world }: Call): boolean {
	return (world.sysctls.get('net.link.bridge.member_ifaddrs') ?? '1') === '1';
}

function deleteMember(bridge: Interface, name: string): Answer | undefined {
	if (bridge.members.delete(name)) return undefined;
	return failure(`ifconfig: BRDGDEL ${name}: No such file or directory`);
}

function intoJail({ world }: Call, stack: Stack, one: Interface, jail: string): Answer | undefined {
	const inside = world.jails.get(jail)?.stack;
	if (!inside) return failure(`ifconfig: ioctl SIOCSIFVNET: Invalid argument`);
	move(one, stack, inside);
	return undefined;
}

function destroy(world: World, stack: Stack, one: Interface): Answer | undefined {
	if (one.group === '') return failure(`ifconfig: SIOCIFDESTROY: Invalid argument`);
	const ends = one.group === 'epair' ? [`${one.name.slice(0, -1)}a`, `${one.name.slice(0, -1)}b`] : [one.name];
	const stacks = [stack, ...[...world.jails.values()].flatMap((jail) => jail.stack ?? [])];
	for (const { interfaces } of stacks)
		for (const end of ends) {
			interfaces.delete(end);
			for (const { members } of interfaces.values()) members.delete(end);
		}
	return undefined;
}

function show(one: Interface, { world, jail }: Pick<Call, 'world' | 'jail'>, cidr: boolean): string {
	const flags = [one.up ? 'UP' : '', one.group === 'lo' ? 'LOOPBACK' : 'BROADCAST', 'RUNNING', 'SIMPLEX', 'MULTICAST'];
	const line = `${one.name}: flags=${one.up ? '8843' : '8842'}<${flags.filter(Boolean).join(',')}> metric 0 mtu ${one.mtu}`;
	const members = [...one.members].map(
		([name, isPrivate]) =>
			`\tmember: ${name} flags=${isPrivate ? '943' : '143'}<LEARNING,DISCOVER${isPrivate ? ',PRIVATE' : ''},AUTOEDGE,AUTOPTP>\n\t        ifmaxaddr 0 port 4 priority 128 path cost 2000`,
	);
	const details = [
		...(one.description ? [`\tdescription: ${one.description}`] : []),
		...(one.ether ? [`\tether ${one.ether}`] : []),
		...visible(one, world, jail).map((text) => (cidr ? cidrLine(text) : addressLine(text))),
		...(one.group === 'bridge' ? ['\tid 00:00:00:00:00:00 priority 32768 hellotime 2 fwddelay 15'] : []),
		...members,
		...(one.group ? [`\tgroups: ${one.group}`] : []),
		'\tnd6 options=29<PERFORMNUD,IFDISABLED,AUTO_LINKLOCAL>',
	];
	return `${[line, ...details].join('\n')}\n`;
}

/** A jail on the host's stack sees its own addresses alone. */
function visible(one: Interface, world: World, jail: string): string[] {
	const confined = jail === '' ? undefined : world.jails.get(jail);
	if (!confined || confined.stack) return one.addresses;
	if (confined.parameters.get('ip4') === 'inherit') return one.addresses;
	const own = ['ip4.addr', 'ip6.addr'].flatMap((name) => (confined.parameters.get(name) ?? '').split(','));
	return one.addresses.filter((address) => own.includes(address.split('/')[0] ?? ''));
}

function cidrLine(text: string): string {
	return `\tinet${text.includes(':') ? '6' : ''} ${text}`;
}

function addressLine(text: string): string {
	const [address = '', prefix = ''] = text.split('/');
	if (address.includes(':')) return `\tinet6 ${address} prefixlen ${prefix || 64}`;
	const mask = (0xffffffff << (32 - Number(prefix || 32))) >>> 0;
	const broadcast = prefix === '32' ? '' : ` broadcast ${address.split('.').slice(0, 3).join('.')}.255`;
	return `\tinet ${address} netmask 0x${mask.toString(16).padStart(8, '0')}${broadcast}`;
}

/** What the host has, and with `everywhere` what its jails have, too. */
export function visibleInterfaces({ host, jails }: World, everywhere = false) {
	const stacks = [host, ...(everywhere ? [...jails.values()].flatMap(({ stack }) => stack ?? []) : [])];
	const all = stacks.flatMap(({ interfaces }) => [...interfaces.values()]);
	return all.map(({ name, up, addresses }) => ({
		name,
		up,
		bridge: all.find(({ members }) => members.has(name))?.name ?? '',
		addresses: [...addresses],
	}));
}
