import { readFileSync } from 'node:fs';
import Type from 'typebox';
import Value from 'typebox/value';
import { parse as parseYaml } from 'yaml';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { leaveOutOriginalKeys } from './original-keys.ts';

const ListenerConfig = Type.Object(
	{
		address: Type.String(),
		tlscert: Type.Optional(Type.String()),
		tlskey: Type.Optional(Type.String()),
		tlsdh: Type.Optional(Type.String()),
		tlscacert: Type.Optional(Type.String()),
		tlsverify: Type.Optional(Type.Boolean()),
	},
	{ additionalProperties: false },
);
export type ListenerConfig = Type.Static<typeof ListenerConfig>;

const LogLevel = Type.Union(
	['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'].map((level) => Type.Literal(level)),
);

/** The configuration file: every key is optional, an unknown one is an error, save those of `original-keys.ts`. */
const ConfigFile = Type.Object(
	{
		kleene_root: Type.Optional(Type.String()),
		netns: Type.Optional(Type.String()),
		dns: Type.Optional(Type.Array(Type.String())),
		freebsd_host: Type.Optional(Type.String()),
		ssh_key: Type.Optional(Type.String()),
		ssh_known_hosts: Type.Optional(Type.String()),
		zfs_root: Type.Optional(Type.String()),
		max_connections: Type.Optional(Type.Number()),
		max_questions: Type.Optional(Type.Number()),
		max_macs: Type.Optional(Type.Number()),
		max_processes: Type.Optional(Type.Number()),
		download_timeout: Type.Optional(Type.Number()),
		allow_host_hooks: Type.Optional(Type.Boolean()),
		api_listening_sockets: Type.Optional(Type.Array(ListenerConfig)),
		enable_logging: Type.Optional(Type.Boolean()),
		log_level: Type.Optional(LogLevel),
	},
	{ additionalProperties: false },
);
export type ConfigFile = Type.Static<typeof ConfigFile>;

/** On FreeBSD the place of the original. */
export const DEFAULT_CONFIG_FILE =
	process.platform === 'freebsd' ? '/usr/local/etc/kleened/config.yaml' : '/etc/kleened/config.yaml';

export interface ReadConfigFile {
	readonly values: ConfigFile;
	/** Lines for the log. */
	readonly notes: readonly string[];
}

/** The default file may be missing, a named one may not. Keys of the original without a meaning here are left out. */
export function readConfigFile(named: string | undefined): ReadConfigFile {
	const file = named ?? DEFAULT_CONFIG_FILE;
	let parsed: unknown;
	try {
		parsed = parseYaml(readFileSync(file, 'utf8'), { logLevel: 'error' }) ?? {};
	} catch (error) {
		if (named === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') return { values: {}, notes: [] };
		throw invalid(file, messageOf(error), 'correct the file, or name another with --config');
	}
	const { rest, notes } = leaveOutOriginalKeys(parsed);
	if (Value.Check(ConfigFile, rest)) return { values: rest, notes };
	const { why, hint } = explain(Value.Errors(ConfigFile, rest));
	throw invalid(file, why, hint);
}

function invalid(file: string, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'CONFIG_INVALID', what: `cannot use ${file}`, why, hint });
}

type Problem = ReturnType<typeof Value.Errors>[number];

const KINDS: Readonly<Record<string, string>> = {
	string: 'text',
	boolean: 'true or false',
	number: 'a number',
	array: 'a list',
	object: 'a list of "key: value" lines',
};

/** Translates schema errors for users; a misspelt key explains a missing one. */
function explain(problems: readonly Problem[]): { readonly why: string; readonly hint: string } {
	const unknown = problems.find(({ keyword }) => keyword === 'additionalProperties');
	const problem = unknown ?? problems[0];
	const place = placeOf(problem?.instancePath ?? '');
	const keys = Object.keys((place === '' ? ConfigFile : ListenerConfig).properties).join(', ');
	const where = place === '' ? '' : ` in ${place}`;
	if (problem?.keyword === 'additionalProperties')
		return { why: `unknown key ${problem.params.additionalProperties[0]}${where}`, hint: `known keys: ${keys}` };
	if (problem?.keyword === 'required')
		return { why: `${place} has no ${problem.params.requiredProperties[0]}`, hint: `known keys: ${keys}` };
	if (problem?.keyword === 'const') {
		const choices = problems.flatMap(({ keyword, params }) => (keyword === 'const' ? [params.allowedValue] : []));
		return { why: `${place} has an invalid value`, hint: `choose one of ${choices.join(', ')}` };
	}
	const type = problem?.keyword === 'type' ? String(problem.params.type) : '';
	const why = `${place || 'the file'} is not ${KINDS[type] ?? 'valid'}`;
	return { why, hint: place === '' ? `known keys: ${keys}` : 'correct it there' };
}

/** `/api_listening_sockets/0/tlskey` → `api_listening_sockets[0].tlskey` */
function placeOf(pointer: string): string {
	return pointer
		.replace(/\/(\d+)(?=\/|$)/g, '[$1]')
		.replaceAll('/', '.')
		.replace(/^\./, '');
}
