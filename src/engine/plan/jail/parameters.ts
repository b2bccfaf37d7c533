import type { HostTraits } from '#model/host/traits.ts';
import { parseMapped } from './mapped.ts';
import { parseNative } from './native.ts';
import type { JailSettings } from './settings.ts';

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
