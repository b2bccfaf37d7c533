import type { Lookup } from './expand.ts';

/** Variables at one point of a stage. A value: each instruction makes a new one. */
export interface Scope {
	/** ENVs, also of the image that the stage starts with. */
	readonly env: ReadonlyMap<string, string>;
	/** ARGs that were declared, with their values. */
	readonly args: ReadonlyMap<string, string>;
}

/** Values that a build is given: of `--build-arg`, and those that it knows by itself (`TARGETARCH`, ...). */
export type BuildArgs = ReadonlyMap<string, string>;

/** Arguments that need no ARG. They do not decide whether a step is taken from the cache. */
export const PROXIES: readonly string[] = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY'].flatMap(
	(name) => [name, name.toLowerCase()],
);

/** A variable in text of the Dockerfile: ENV comes before ARG. */
export function lookupIn(scope: Scope): Lookup {
	return (name) => scope.env.get(name) ?? scope.args.get(name);
}

/**
 * Declares an ARG: what the build is given comes before its default. Without both it has the value that an ARG before the
 * first FROM gave it.
 */
export function declareArg(
	scope: Scope,
	given: BuildArgs,
	before: ReadonlyMap<string, string>,
	name: string,
	fallback: string | undefined,
): Scope {
	const value = given.get(name) ?? fallback ?? before.get(name);
	const args = new Map(scope.args);
	// Declared again without a value, it has none: the default of before does not come back.
	if (value === undefined) args.delete(name);
	else args.set(name, value);
	return { ...scope, args };
}

export function setEnv(scope: Scope, name: string, value: string): Scope {
	return { ...scope, env: new Map([...scope.env, [name, value]]) };
}

/** `NAME=value` of a command that RUN executes: ARGs, over them ENVs. */
export function environment(scope: Scope, given: BuildArgs): readonly string[] {
	const proxies = PROXIES.flatMap((name) => (given.has(name) ? [[name, given.get(name) ?? ''] as const] : []));
	return [...new Map([...proxies, ...scope.args, ...scope.env])].map(([name, value]) => `${name}=${value}`);
}

/** Reads `NAME=value` words; later ones come before earlier ones. */
export function scopeOf(env: readonly string[], args: ReadonlyMap<string, string>): Scope {
	const pairs = env.map((word) => {
		const at = word.indexOf('=');
		return at < 0 ? ([word, ''] as const) : ([word.slice(0, at), word.slice(at + 1)] as const);
	});
	return { env: new Map(pairs), args };
}
