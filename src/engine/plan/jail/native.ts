import { HOOK_PARAMETERS, HookCollector } from './hooks.ts';
import type { JailSettings } from './settings.ts';
import { type Parameter, readFlag, readHostname, readText, refuseParameter, splitParameter } from './syntax.ts';

const NETWORK = 'use -l for the driver, and -n, --ip, --ip6 or "klee network connect" for addresses';
const HOOKS = 'use exec.prestart, exec.start, exec.poststart, exec.prestop, exec.stop or exec.poststop';
const READ_ONLY = 'leave it out: the kernel alone sets it';
const MOUNTS = 'use --mount';

/** Parameters that Kleene sets itself, each with the alternative for users. */
const OURS: ReadonlyMap<string, string> = new Map(
	Object.entries<string>({
		'allow.dying': 'leave it out',
		'children.cur': READ_ONLY,
		command: 'write the command after the image',
		'cpuset.id': READ_ONLY,
		depend: 'start the other container first',
		dying: READ_ONLY,
		'exec.consolelog': 'leave it out: output goes to the session',
		'exec.created': HOOKS,
		'exec.fib': 'use setfib(1) in the command',
		'exec.prepare': HOOKS,
		'exec.release': HOOKS,
		'exec.system_user': 'use "su -m" in the command: those on the host run as root',
		host: 'leave it out: a container has a host name of its own',
		interface: NETWORK,
		ip4: NETWORK,
		'ip4.addr': NETWORK,
		ip6: NETWORK,
		'ip6.addr': NETWORK,
		ip_hostname: NETWORK,
		jid: 'leave it out: a container is known by its id',
		mount: MOUNTS,
		'mount.fstab': MOUNTS,
		name: 'use --name: the name of the jail is the id of the container',
		parent: READ_ONLY,
		path: 'leave it out: the files of a container are those of its image',
		persist: 'leave it out: a container lives as long as its processes',
		'stop.timeout': 'use "klee stop --time SECONDS"',
		vnet: NETWORK,
		'vnet.interface': NETWORK,
	}),
);

const FLAGS = ['allow.raw_sockets', 'exec.clean', 'exec.system_jail_user', 'mount.devfs'];
const UNDERSTOOD = new Set([...FLAGS, ...HOOK_PARAMETERS, ...OURS.keys(), 'exec.jail_user', 'host.hostname']);

const DEFAULT_STOP = ['/bin/sh /etc/rc.shutdown'];

/** All that jail(8) knows. What Kleene needs to know is taken out, the rest is for jail(8) to judge. */
export function parseNative(parameters: readonly string[]): JailSettings {
	const flags = new Map<string, boolean>();
	const texts = new Map<string, string>();
	const hooks = new HookCollector();
	const rest: string[] = [];
	for (const text of parameters) {
		const parameter = splitParameter(text, (name) => UNDERSTOOD.has(name));
		const { name } = parameter;
		const instead = OURS.get(name);
		if (instead !== undefined) throw refuseParameter(text, `${name} is what Kleene itself says to jail(8)`, instead);
		if (HOOK_PARAMETERS.includes(name)) hooks.take(parameter);
		else if (FLAGS.includes(name)) flags.set(name, readFlag(parameter));
		else if (UNDERSTOOD.has(name)) texts.set(name, readName(parameter));
		else rest.push(text);
	}
	const user = texts.get('exec.jail_user') || undefined;
	return {
		rawSockets: flags.get('allow.raw_sockets'),
		hostname: texts.get('host.hostname'),
		domainname: undefined,
		user,
		hooks: hooks.hooks(user ?? 'root', DEFAULT_STOP),
		denied: [],
		inheritsEnv: flags.get('exec.clean') === false,
		hostUsers: flags.get('exec.system_jail_user') === true,
		devices: true,
		parameters: [`mount.devfs=${flags.get('mount.devfs') ?? true}`, ...rest],
	};
}

function readName(parameter: Parameter): string {
	return parameter.name === 'host.hostname' ? readHostname(parameter) : readText(parameter);
}
