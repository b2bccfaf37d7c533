import type { Privilege } from '#model/sandbox.ts';
import { HOOK_PARAMETERS, HookCollector } from './hooks.ts';
import type { JailSettings } from './settings.ts';
import {
	adviceOn,
	type Parameter,
	readFlag,
	readHostname,
	readText,
	refuseParameter,
	splitParameter,
} from './syntax.ts';

/** Permissions that are given by default and can be taken. */
const DENIABLE: Readonly<Record<string, Privilege>> = {
	'allow.mlock': 'mlock',
	'allow.reserved_ports': 'reserved-ports',
	'allow.sysvipc': 'sysvipc',
};

/** Parameters with a fixed value: that value is accepted, any other is refused rather than ignored. */
const FIXED: Readonly<Record<string, { readonly value: boolean; readonly why: string }>> = {
	'allow.set_hostname': { value: false, why: 'it needs CAP_SYS_ADMIN, which is almost full root access' },
};

const TEXTS = ['exec.jail_user', 'host.hostname', 'host.domainname'] as const;

/** Parameters that have a meaning without jails; docs/jail-parameters.md says which. */
const KNOWN: readonly string[] = [
	...Object.keys(DENIABLE),
	...Object.keys(FIXED),
	...TEXTS,
	...HOOK_PARAMETERS,
	'allow.raw_sockets',
	'children.max',
	'exec.clean',
	'exec.system_jail_user',
	'mount.devfs',
].sort();

interface Gathered {
	readonly flags: Map<string, boolean>;
	readonly texts: Map<string, string>;
	readonly hooks: HookCollector;
}

export function parseMapped(parameters: readonly string[]): JailSettings {
	const gathered: Gathered = { flags: new Map(), texts: new Map(), hooks: new HookCollector() };
	for (const text of parameters)
		gather(
			splitParameter(text, (name) => KNOWN.includes(name)),
			gathered,
		);
	const { flags, texts, hooks } = gathered;
	const user = texts.get('exec.jail_user') || undefined;
	return {
		rawSockets: flags.get('allow.raw_sockets'),
		hostname: texts.get('host.hostname'),
		domainname: texts.get('host.domainname'),
		user,
		hooks: hooks.hooks(user ?? 'root', []),
		denied: Object.entries(DENIABLE).flatMap(([name, privilege]) => (flags.get(name) === false ? [privilege] : [])),
		inheritsEnv: flags.get('exec.clean') === false,
		hostUsers: flags.get('exec.system_jail_user') === true,
		devices: flags.get('mount.devfs') !== false,
		parameters: [],
	};
}

function gather(parameter: Parameter, { flags, texts, hooks }: Gathered): void {
	const { name, text } = parameter;
	if (!KNOWN.includes(name)) throw refuseParameter(text, 'this host has no such jail parameter', adviceOn(name, KNOWN));
	if (HOOK_PARAMETERS.includes(name)) hooks.take(parameter);
	else if (name === 'children.max') requireChildless(parameter);
	else if (name === 'exec.jail_user') texts.set(name, readText(parameter));
	else if (name.startsWith('host.')) texts.set(name, readHostname(parameter));
	else flags.set(name, requireUnfixed(parameter, readFlag(parameter)));
}

function requireUnfixed({ name, text }: Parameter, flag: boolean): boolean {
	const fixed = FIXED[name];
	if (fixed === undefined || fixed.value === flag) return flag;
	throw refuseParameter(text, `on this host ${name} is always ${fixed.value}: ${fixed.why}`, 'leave it out');
}

function requireChildless(parameter: Parameter): void {
	if (readText(parameter) === '0') return;
	throw refuseParameter(parameter.text, 'on this host there are no containers in containers', 'leave it out');
}
