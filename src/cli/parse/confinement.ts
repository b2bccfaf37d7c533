import type { ContainerOptions } from '#api/container/options.ts';
import { usageError } from '../failure.ts';
import { parseSize } from './size.ts';

/** Options as typed: what processes of a container see and may do. */
export interface ConfinementWords {
	readonly readOnly?: boolean;
	readonly tmpfs?: readonly string[];
	readonly capAdd?: readonly string[];
	readonly capDrop?: readonly string[];
	readonly device?: readonly string[];
	readonly sysctl?: readonly string[];
	readonly ulimit?: readonly string[];
	readonly addHost?: readonly string[];
	readonly dns?: readonly string[];
	readonly dnsSearch?: readonly string[];
}

type Given = Omit<ContainerOptions, 'memory' | 'cpus' | 'pids' | 'workdir' | 'entrypoint' | 'labels' | 'restart'>;

/** Only what was given. */
export function confinement(words: ConfinementWords): Given {
	const { readOnly, tmpfs = [], capAdd = [], capDrop = [], device = [], sysctl = [], ulimit = [] } = words;
	const { addHost = [], dns = [], dnsSearch = [] } = words;
	const [add, drop] = [capAdd.map(capability), capDrop.map(capability)];
	const capabilities = { ...(add.length > 0 && { add }), ...(drop.length > 0 && { drop }) };
	return {
		...(readOnly !== undefined && { readonly: readOnly }),
		...(tmpfs.length > 0 && { tmpfs: tmpfs.map(parseTmpfs) }),
		...(Object.keys(capabilities).length > 0 && { capabilities }),
		...(device.length > 0 && { devices: device.map(parseDevice) }),
		...(sysctl.length > 0 && { sysctls: Object.fromEntries(sysctl.map(parseSysctl)) }),
		...(ulimit.length > 0 && { ulimits: ulimit.map(parseUlimit) }),
		...(addHost.length > 0 && { hosts: addHost.map(parseHost) }),
		...(dns.length > 0 && { dns: [...dns] }),
		...(dnsSearch.length > 0 && { search: [...dnsSearch] }),
	};
}

/** `CAP_SYS_PTRACE` and `sys_ptrace` are both SYS_PTRACE. */
function capability(text: string): string {
	return text.toUpperCase().replace(/^CAP_/, '');
}

function parseTmpfs(text: string): NonNullable<Given['tmpfs']>[number] {
	const [destination = '', options = ''] = text.split(/:(.*)/s);
	const given = options.split(',').filter((option) => option !== '');
	const settings = given.map((option) => {
		const [name, value = ''] = option.split('=', 2);
		if (name === 'size') return { size: parseSize('--tmpfs', value, '--tmpfs /run:size=64m') };
		if (name === 'mode' && /^[0-7]{3,4}$/.test(value)) return { mode: value };
		throw malformed('--tmpfs', text, 'its options are size=SIZE and mode=OCTAL', '/run:size=64m,mode=755');
	});
	return Object.assign({ destination }, ...settings);
}

function parseDevice(text: string): NonNullable<Given['devices']>[number] {
	const parts = text.split(':');
	const access = parts.length > 1 && /^[rwm]{1,3}$/.test(parts.at(-1) ?? '') ? (parts.pop() ?? 'rwm') : 'rwm';
	const [source = '', destination = source, ...rest] = parts;
	if (source === '' || rest.length > 0)
		throw malformed('--device', text, 'it has not the form PATH[:PATH][:rwm]', '/dev/fuse');
	return { source, destination, access };
}

function parseSysctl(text: string): [string, string] {
	const equals = text.indexOf('=');
	if (equals > 0) return [text.slice(0, equals), text.slice(equals + 1)];
	throw malformed('--sysctl', text, 'it has not the form NAME=VALUE', 'net.core.somaxconn=1024');
}

function parseUlimit(text: string): NonNullable<Given['ulimits']>[number] {
	const [, name, soft, hard = soft] =
		/^([a-z]+)=(-1|\d{1,15}|unlimited)(?::(-1|\d{1,15}|unlimited))?$/.exec(text) ?? [];
	if (name === undefined) throw malformed('--ulimit', text, 'it has not the form NAME=SOFT[:HARD]', 'nofile=1024:2048');
	const value = (limit: string | undefined) => (limit === 'unlimited' ? -1 : Number(limit));
	return { name, soft: value(soft), hard: value(hard) };
}

/** An IPv6 address has colons, a name has none. */
function parseHost(text: string): NonNullable<Given['hosts']>[number] {
	const [, name, address] = /^([^:=]+)[:=]\[?([^\]]+)\]?$/.exec(text) ?? [];
	if (name === undefined || address === undefined)
		throw malformed('--add-host', text, 'it has not the form NAME:ADDRESS', 'db:10.0.0.5');
	return { name, address };
}

function malformed(flag: string, text: string, why: string, example: string) {
	return usageError(`cannot use '${text}' with ${flag}`, why, `write ${flag} ${example}`);
}
