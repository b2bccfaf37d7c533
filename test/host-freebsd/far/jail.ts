import { quote } from '#os/shell/quote.ts';
import { move } from './ifconfig.ts';
import { type Answer, type Call, failure, type Jail, newInterface, type Stack, type World } from './world.ts';

/** Parameters that 13.2 knows, as far as anybody here asks for them. */
const KNOWN =
	/^(path|name|jid|persist|nopersist|vnet|vnet\.interface|host(\.\w+)?|ip[46](\.addr|\.saddrsel)?|mount\.(no)?devfs|devfs_ruleset|enforce_statfs|children\.max|securelevel|osrelease|osreldate|sysv(msg|sem|shm)|exec\.\w+|allow\.(no)?(set_hostname|sysvipc|raw_sockets|chflags|mount(\.\w+)?|quotas|read_msgbuf|socket_af|mlock|reserved_ports|unprivileged_proc_debug|suser))$/;

export function jail({ world, argv }: Call): Answer {
	const [verb = '', ...words] = argv.filter((word) => word !== '-q');
	if (verb === '-r' || verb === '-R') return remove(world, words[0] ?? '');
	const parameters = new Map<string, string>();
	const hooks: [string, string][] = [];
	for (const word of words) {
		const equals = word.indexOf('=');
		const [name, value] = equals === -1 ? [word, 'true'] : [word.slice(0, equals), word.slice(equals + 1)];
		if (!KNOWN.test(name)) return failure(`jail: unknown parameter: ${name}`);
		if (/^exec\.(prestart|created|start|poststart)$/.test(name)) hooks.push([name, value]);
		else parameters.set(name, value);
	}
	if (verb === '-m') return modify(world, parameters);
	return verb === '-c' ? create(world, parameters, hooks) : failure('usage: jail');
}

function create(world: World, parameters: Map<string, string>, hooks: readonly [string, string][]): Answer {
	const name = parameters.get('name') ?? '';
	const path = parameters.get('path') ?? '/';
	if (world.jails.has(name)) return failure(`jail: "${name}" already exists`);
	const stack: Stack | undefined = parameters.has('vnet') ? newStack() : undefined;
	const made: Jail = { jid: world.nextJid++, name, path, parameters, stack };
	world.jails.set(name, made);
	const moved = parameters.get('vnet.interface');
	const found = moved && world.host.interfaces.get(moved);
	if (stack && found) move(found, world.host, stack);
	if (parameters.get('mount.devfs') === 'true')
		world.mounts.push({ source: 'devfs', target: `${path}/dev`, type: 'devfs', readOnly: false });
	const lines = hooks.map(([hook, text]) =>
		hook === 'exec.start' ? `jexec -l ${quote(name)} sh -c ${quote(text)} || exit 1` : `sh -c ${quote(text)} || exit 1`,
	);
	return lines.length > 0 ? { run: lines.join('\n') } : {};
}

function newStack(): Stack {
	return { interfaces: new Map([['lo0', newInterface('lo0', 'lo')]]), defaults: new Map() };
}

function modify(world: World, parameters: Map<string, string>): Answer {
	const found = world.jails.get(parameters.get('name') ?? '');
	if (!found) return failure(`jail: "${parameters.get('name')}" not found`);
	for (const [name, value] of parameters) {
		// As recorded (152 to 156): it is said to be so, and changes nothing.
		if (/^ip[46]$/.test(name)) {
			if (value !== 'disable') return failure(`jail: ${name} cannot be changed after creation`);
		} else if (/^ip[46]\.addr$/.test(name)) {
			const refused = setAddresses(world, found, { name, list: value.split(',').filter(Boolean) });
			if (refused) return refused;
		} else found.parameters.set(name, value);
	}
	return {};
}

/** The first stays the first, the others are sorted. Two jails may have one address in common while each has no other. */
function setAddresses(
	world: World,
	one: Jail,
	{ name, list }: { readonly name: string; readonly list: readonly string[] },
): Answer | undefined {
	const present = [...world.host.interfaces.values()].flatMap(({ addresses }) => addresses);
	for (const address of list)
		if (!present.some((own) => own.split('/')[0] === address)) world.anchors.set(`stray ${address}`, one.name);
	for (const other of world.jails.values()) {
		const theirs = other.stack || other === one ? [] : listOf(other, name);
		if (theirs.length * list.length > 1 && theirs.some((address) => list.includes(address)))
			return failure(`jail: IPv${name[2]} addresses clash`);
	}
	const [first, ...rest] = list;
	one.parameters.set(name, [...(first ? [first] : []), ...rest.toSorted()].join(','));
	return undefined;
}

function listOf({ parameters }: Jail, name: string): string[] {
	return (parameters.get(name) ?? '').split(',').filter(Boolean);
}

function remove(world: World, name: string): Answer {
	const found = byName(world, name);
	if (!found) return failure(`jail: "${name}" not found`);
	for (const one of found.stack?.interfaces.values() ?? [])
		if (one.name !== 'lo0' && found.stack) move(one, found.stack, world.host);
	world.jails.delete(found.name);
	// As recorded (101): the devfs of a jail that was made from the command line stays.
	return { run: `pkill -KILL -j ${quote(found.name)} || true` };
}

function byName(world: World, name: string): Jail | undefined {
	return world.jails.get(name) ?? [...world.jails.values()].find(({ jid }) => `${jid}` === name);
}

export function jls({ world, argv }: Call): Answer {
	const words = [...argv];
	const at = words.indexOf('-j');
	const only = at === -1 ? undefined : words.splice(at, 2)[1];
	const jails = only === undefined ? [...world.jails.values()] : [byName(world, only)].flatMap((one) => one ?? []);
	const missing = only !== undefined && jails.length === 0;
	const trouble = missing ? { stderr: `jls: jail "${only}" not found\n`, code: 1 } : {};
	if (words.includes('--libxo')) return { stdout: `${JSON.stringify(listing(jails, words))}\n`, ...trouble };
	const names = words.filter((word) => !word.startsWith('-') && word !== 'json');
	const quoting = words.includes('-n') || words.some((word) => /^-\w*n/.test(word));
	const rows = jails.map((one) =>
		names.map((name) => (quoting ? `${name}=${textOf(one, name)}` : textOf(one, name) || '-')).join(' '),
	);
	const header = words.some((word) => /^-\w*h/.test(word)) ? `${names.join(' ')}\n` : '';
	return { stdout: missing ? '' : header + rows.map((row) => `${row}\n`).join(''), ...trouble };
}

function textOf(one: Jail, name: string): string {
	if (name === 'jid') return `${one.jid}`;
	if (name === 'vnet') return one.stack ? 'new' : 'inherit';
	// As recorded (151): whoever does not have those of the host.
	if (/^ip[46]$/.test(name)) return one.parameters.get(name) === 'inherit' ? 'inherit' : 'disable';
	return one.parameters.get(name) ?? '';
}

function listing(jails: readonly Jail[], words: readonly string[]): object {
	const all = jails.map((one) => {
		const base = { jid: one.jid, hostname: one.parameters.get('host.hostname') ?? '', path: one.path, name: one.name };
		if (words.includes('-n'))
			return { ...Object.fromEntries(one.parameters), ...base, jid: `${one.jid}`, dying: false };
		return {
			...base,
			state: 'ACTIVE',
			cpusetid: 3,
			ipv4_addrs: listOf(one, 'ip4.addr'),
			ipv6_addrs: listOf(one, 'ip6.addr'),
		};
	});
	return { __version: '2', 'jail-information': { jail: all } };
}

/** Processes are real ones of this machine, known by a variable in their environment. */
export function jexec({ world, argv }: Call): Answer {
	const words = [...argv];
	let user = 'root';
	while (words[0]?.startsWith('-')) {
		const flag = words.shift();
		if (flag === '-U' || flag === '-u') user = words.shift() ?? '';
	}
	const name = words.shift() ?? '';
	const found = byName(world, name);
	if (!found) return failure(`jexec: jail "${name}" not found`);
	if (user !== 'root' && user !== '0') return failure(`jexec: ${user}: no such user`);
	const program = words.map((word) =>
		word === '/etc/rc' || word === '/etc/rc.shutdown' ? `${found.path}${word}` : word,
	);
	const environment = [`SIM_JAIL=${found.name}`, `HOME=${found.path}/root`, 'USER=root', 'SHELL=/bin/csh'];
	const kept = 'PATH="$SIM_PATH" SIM_PATH="$SIM_PATH" SIM_SOCKET="$SIM_SOCKET" TERM="$TERM"';
	const line = [...confined(found.path, program), ...program].map(quote).join(' ');
	return { run: `exec /usr/bin/env -i ${kept} ${environment.map(quote).join(' ')} ${line}` };
}

/**
 * Processes see the files of this machine, save those who read or write /etc/hosts: they have that of the jail, or the
 * directory, where the file is replaced.
 */
function confined(path: string, program: readonly string[]): string[] {
	const speaksOf = (text: string) => program.some((word) => word.includes(text));
	const place = speaksOf('hosts_without') ? '/etc' : '/etc/hosts';
	if (place === '/etc/hosts' && !speaksOf('getent')) return [];
	return ['unshare', '-m', '/bin/sh', '-c', `/bin/mount --bind "$0" ${place} && exec "$@"`, `${path}${place}`];
}
