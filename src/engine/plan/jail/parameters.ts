import type { Privilege, SandboxHooks } from '#model/sandbox.ts';
import type { HostTraits } from '#model/traits.ts';
import { parseMapped } from './mapped.ts';
import { parseNative } from './native.ts';

/** Effect of a container's jail parameters on its processes. */
export interface JailSettings {
	/** `undefined`: as its network driver has it. */
	readonly rawSockets: boolean | undefined;
	/** `undefined`: the container's id. */
	readonly hostname: string | undefined;
	/** `undefined`: none, or among `parameters`. */
	readonly domainname: string | undefined;
	/** Beats the user of the container and of the execution instance. */
	readonly user: string | undefined;
	readonly hooks: SandboxHooks;
	readonly denied: readonly Privilege[];
	readonly inheritsEnv: boolean;
	readonly hostUsers: boolean;
	/** Parameters passed to jail(8), `name` or `name=value`. */
	readonly parameters: readonly string[];
}

/**
 * In the vocabulary of the host: those that mean something there, or all that jail(8) knows save what is Kleene's to
 * say. A parameter given twice: the last one holds, commands add up.
 */
export function parseJailParameters(
	parameters: readonly string[],
	{ jailParameters }: Pick<HostTraits, 'jailParameters'>,
): JailSettings {
	return jailParameters === 'mapped' ? parseMapped(parameters) : parseNative(parameters);
}
