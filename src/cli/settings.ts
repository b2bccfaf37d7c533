import { DEFAULT_HOST } from '#client/address.ts';
import type { TlsFiles } from '#client/tls.ts';
import { isKleeneError, messageOf } from '#errors/kleene-error.ts';
import { type Context, ContextStore, NO_CONTEXT } from './contexts/context-store.ts';
import { CommandLineError, EXIT, usageError } from './failure.ts';
import { warn } from './render/output.ts';

export type Theme = 'fancy' | 'simple';

/** Settings from root options, environment and configuration file. */
export interface Choices {
	readonly theme?: string | undefined;
	readonly host?: string | undefined;
	readonly tlsverify?: boolean | undefined;
	readonly tlscert?: string | undefined;
	readonly tlskey?: string | undefined;
	readonly tlscacert?: string | undefined;
}

export interface RootOptions extends Choices {
	readonly config?: string | undefined;
	readonly context?: string | undefined;
}

export interface Settings {
	readonly theme: Theme;
	readonly host: string;
	readonly tls: TlsFiles;
}

// A static import would evaluate the lazy exports of node:fs, which costs every command 3 ms.
const { existsSync, readFileSync } = process.getBuiltinModule('node:fs');

type Environment = Readonly<Record<string, string | undefined>>;

const FILE_KEYS = new Set(['theme', 'host', 'tlsverify', 'tlscert', 'tlskey', 'tlscacert']);

/**
 * Root options before environment before the current context before the configuration file before defaults. A
 * configuration file that was named comes before the current context.
 */
export async function resolveSettings(options: RootOptions, env: Environment = process.env): Promise<Settings> {
	const { context: _, config: __, ...flags } = options;
	const file = await readConfiguration(namedFile(options, env), env);
	const context = chooseContext(options, env, file);
	const chosen = { ...file, ...defined(fromEnvironment(env)), ...context, ...defined(flags) };
	const { host = DEFAULT_HOST, tlsverify: verify, tlscert: cert, tlskey: key, tlscacert: cacert } = chosen;
	if (cert !== undefined && key === undefined) {
		const message = `When '--tlscert' is set you must also provide the '--tlskey'`;
		throw usageError(message, 'a certificate proves nothing without its key', 'add --tlskey FILE');
	}
	return { theme: themeOf(chosen), host, tls: { verify, cert, key, cacert } };
}

/** For commands that use no daemon. */
export async function resolveTheme(options: RootOptions, env: Environment = process.env): Promise<Theme> {
	const file = await readConfiguration(namedFile(options, env), env);
	return themeOf({ ...file, ...defined(fromEnvironment(env)), ...defined(options) });
}

function themeOf({ theme = 'fancy' }: Choices): Theme {
	if (theme === 'fancy' || theme === 'simple') return theme;
	throw usageError(`there is no theme '${theme}'`, 'klee has two: fancy and simple', 'use --theme fancy');
}

function namedFile(options: RootOptions, env: Environment): string | undefined {
	return options.config ?? nonEmpty(env.KLEE_CONFIG);
}

/** All that a context says of a daemon, nothing of it from elsewhere: keys of one daemon are not for another. */
function chooseContext(options: RootOptions, env: Environment, file: Choices): Choices {
	if (options.context !== undefined && options.host !== undefined)
		throw usageError('--context and --host both name a daemon', 'klee talks to one', 'give one of them');
	const store = new ContextStore(env);
	const name = options.context ?? (options.host === undefined ? contextOutside(env, file, options, store) : undefined);
	if (name === undefined || name === NO_CONTEXT) return {};
	const { host, tls } = readContext(store, name);
	return { host, tlsverify: tls.verify, tlscert: tls.cert, tlskey: tls.key, tlscacert: tls.cacert };
}

function contextOutside(
	env: Environment,
	file: Choices,
	options: RootOptions,
	store: ContextStore,
): string | undefined {
	if (nonEmpty(env.KLEE_HOST)) return undefined;
	const named = nonEmpty(env.KLEE_CONTEXT);
	if (named !== undefined) return named;
	return file.host !== undefined && namedFile(options, env) !== undefined ? undefined : store.current();
}

function readContext(store: ContextStore, name: string): Context {
	try {
		return store.read(name);
	} catch (error) {
		throw isKleeneError(error) ? new CommandLineError(EXIT.usage, error) : error;
	}
}

function fromEnvironment(env: Environment): Choices {
	const verify = nonEmpty(env.KLEE_TLS_VERIFY);
	return {
		theme: nonEmpty(env.KLEE_THEME),
		host: nonEmpty(env.KLEE_HOST),
		tlsverify: verify === undefined ? undefined : verify.toLowerCase() === 'true',
		tlscert: nonEmpty(env.KLEE_TLS_CERT),
		tlskey: nonEmpty(env.KLEE_TLS_KEY),
		tlscacert: nonEmpty(env.KLEE_TLS_CACERT),
	};
}

function nonEmpty(text: string | undefined): string | undefined {
	return text === '' ? undefined : text;
}

function defined(choices: Choices): Choices {
	return Object.fromEntries(Object.entries(choices).filter(([, value]) => value !== undefined));
}

/** The first file found wins, files are not merged. One that cannot be parsed is passed over, aloud. */
async function readConfiguration(named: string | undefined, env: Environment): Promise<Choices> {
	if (named !== undefined && !existsSync(named)) warn(`there is no configuration file ${named}`);
	for (const path of named === undefined ? searchPath(env) : [named]) {
		if (!existsSync(path)) continue;
		const choices = await parseFile(path);
		if (choices) return choices;
	}
	return {};
}

function searchPath(env: Environment, platform: NodeJS.Platform = process.platform): string[] {
	const here = './klee_config.yaml';
	const home = env.HOME ? [`${env.HOME}/.klee/klee_config.yaml`] : [];
	if (platform === 'linux') return [here, ...home, '/etc/klee/klee_config.yaml'];
	if (platform.endsWith('bsd')) return [here, ...home, '/usr/local/etc/klee/klee_config.yaml'];
	return [here];
}

async function parseFile(path: string): Promise<Choices | undefined> {
	const { parse } = await import('./parse/yaml.ts');
	let value: unknown;
	try {
		value = parse(readFileSync(path, 'utf8'), { logLevel: 'error' }) ?? {};
	} catch (error) {
		warn(`Could not parse config at ${path}: ${messageOf(error).split('\n', 1)[0]}`);
		return undefined;
	}
	if (typeof value !== 'object' || value === null || Array.isArray(value))
		throw invalidFile(path, 'it is not a list of "key: value" lines');
	for (const [key, setting] of Object.entries(value)) checkEntry(path, key, setting);
	// A key without a value says nothing, as an empty variable does.
	return Object.fromEntries(Object.entries(value).filter(([, setting]) => setting !== null && setting !== ''));
}

function checkEntry(path: string, key: string, setting: unknown): void {
	if (!FILE_KEYS.has(key)) throw invalidFile(path, `parameter name '${key}' unknown`);
	if (setting === null || setting === '') return;
	if (key === 'tlsverify' && typeof setting !== 'boolean')
		throw invalidFile(path, 'tlsverify is neither true nor false', 'write "tlsverify: true", without quotation marks');
	if (key === 'theme' && setting !== 'fancy' && setting !== 'simple')
		throw invalidFile(path, `there is no theme '${setting}'`, 'write "theme: fancy" or "theme: simple"');
	if (key !== 'tlsverify' && typeof setting !== 'string')
		throw invalidFile(path, `${key} is not text`, `write the value of ${key} in quotation marks`);
}

const KEEP_TO_KEYS = `keep to the keys ${[...FILE_KEYS].join(', ')}`;

function invalidFile(path: string, why: string, hint = KEEP_TO_KEYS): CommandLineError {
	return new CommandLineError(EXIT.config, {
		code: 'CONFIG_INVALID',
		what: `Config file ${path} is not valid`,
		why,
		hint,
	});
}
