import { usageError } from '../failure.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `512m`, `1.5g`, `1048576`: bytes. Units are those of Docker: multiples of 1024. @param example of the option, for the hint */
export function parseSize(flag: string, text: string, example = `${flag} 512m`): number {
	const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([bkmgt]?)(?:i?b)?$/i.exec(text) ?? [];
	const size = Math.round(Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
	if (digits !== '' && Number.isSafeInteger(size)) return size;
	const why =
		digits === '' ? 'it is not a number of bytes, with k, m, g or t behind it' : 'it is more than 8191t (8 PiB)';
	throw usageError(`cannot use '${text}' with ${flag}`, why, `write ${example}`);
}
