import { usageError } from '../failure.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };

/** `100mbit`, `2.5g`, `800k`, `9600`: bits per second. */
export function parseRate(text: string): number {
	const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([kmg]?)(?:bit|bps)?$/i.exec(text) ?? [];
	const rate = Math.round(Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
	if (digits !== '' && Number.isSafeInteger(rate) && rate >= 8000) return rate;
	throw usageError(
		`cannot limit the bandwidth to '${text}'`,
		'it is not a number of bits per second, 8000 at least, with k, m or g behind it',
		'write --bandwidth 100mbit',
	);
}
