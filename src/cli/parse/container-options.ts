import type { ContainerOptions } from '#api/container-options.ts';
import { usageError } from '../failure.ts';

/** Options as typed; see `ContainerOptions` of the API for their meaning. */
export interface ContainerOptionWords {
	readonly restart?: string;
	readonly memory?: string;
	readonly cpus?: string;
	readonly pidsLimit?: string;
	readonly workdir?: string;
	readonly entrypoint?: string;
	readonly label?: readonly string[];
}

/** Only what was given. */
export function containerOptions(words: ContainerOptionWords): ContainerOptions {
	const { memory, cpus, pidsLimit, workdir, entrypoint, label = [], restart } = words;
	return {
		...(memory !== undefined && { memory: parseSize('--memory', memory) }),
		...(cpus !== undefined && { cpus: number('--cpus', cpus, '1.5') }),
		...(pidsLimit !== undefined && { pids: number('--pids-limit', pidsLimit, '100') }),
		...(workdir !== undefined && { workdir }),
		...(entrypoint !== undefined && { entrypoint: entrypoint === '' ? [] : [entrypoint] }),
		...(label.length > 0 && { labels: Object.fromEntries(label.map(parseLabel)) }),
		...restartAfterEnd(restart),
	};
}

/** `no` and `on-startup` are the policies of the original Kleene, and no setting of ours. */
function restartAfterEnd(policy: string | undefined): Pick<ContainerOptions, 'restart'> {
	if (policy === undefined || policy === 'no' || policy === 'on-startup') return {};
	if (policy === 'always' || policy === 'unless-stopped' || policy === 'on-failure') return { restart: policy };
	const times = /^on-failure:(\d{1,9})$/.exec(policy)?.[1];
	if (times !== undefined) return { restart: `on-failure:${Number(times)}` };
	throw usageError(
		`cannot use '${policy}' as a restart policy`,
		'there is none of this name',
		'write --restart no, on-startup, on-failure, on-failure:N, always or unless-stopped',
	);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `512m`, `1.5g`, `1048576`: bytes. Units are those of Docker: multiples of 1024. */
export function parseSize(flag: string, text: string): number {
	const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)([bkmgt]?)(?:i?b)?$/i.exec(text) ?? [];
	const size = Math.round(Number(digits) * (UNITS[unit.toLowerCase()] ?? Number.NaN));
	if (digits !== '' && Number.isSafeInteger(size)) return size;
	throw usageError(
		`cannot use '${text}' with ${flag}`,
		'it is not a number of bytes, with k, m, g or t behind it',
		`write ${flag} 512m`,
	);
}

function number(flag: string, text: string, example: string): number {
	if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
	throw usageError(`cannot use '${text}' with ${flag}`, 'it is not a number', `write ${flag} ${example}`);
}

/** `NAME` alone has an empty value. */
function parseLabel(text: string): [string, string] {
	const equals = text.indexOf('=');
	if (equals !== 0 && text !== '') return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
	throw usageError(`cannot use '${text}' as a label`, 'it has no name', 'write --label NAME=VALUE');
}
