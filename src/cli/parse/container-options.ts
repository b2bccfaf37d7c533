import type { ContainerOptions } from '#api/container/options.ts';
import { usageError } from '../failure.ts';
import { type ConfinementWords, confinement } from './confinement.ts';
import { type HealthWords, healthSettings } from './health.ts';
import { parseSize } from './size.ts';

/** Options as typed; see `ContainerOptions` of the API for their meaning. */
export interface ContainerOptionWords extends ConfinementWords, HealthWords {
	readonly restart?: string;
	readonly memory?: string;
	readonly cpus?: string;
	readonly pidsLimit?: string;
	readonly workdir?: string;
	readonly entrypoint?: string;
	readonly label?: readonly string[];
	readonly logOpt?: readonly string[];
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
		...logSettings(words.logOpt ?? []),
		...restartAfterEnd(restart),
		...confinement(words),
		...healthSettings(words),
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

/** As Docker has them; the last value of a name counts. */
function logSettings(words: readonly string[]): Pick<ContainerOptions, 'log'> {
	const log: NonNullable<ContainerOptions['log']> = {};
	for (const word of words) {
		const [, name = '', value = ''] = /^([^=]*)=(.*)$/s.exec(word) ?? [];
		if (name === 'max-size') log.size = parseSize('--log-opt max-size', value);
		else if (name === 'max-file') log.files = wholeNumber('--log-opt max-file', value, '3');
		else
			throw usageError(
				`cannot use '${word}' with --log-opt`,
				'it is neither max-size=SIZE nor max-file=NUMBER',
				'write --log-opt max-size=10m --log-opt max-file=3',
			);
	}
	return words.length > 0 ? { log } : {};
}

function number(flag: string, text: string, example: string): number {
	if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
	throw usageError(`cannot use '${text}' with ${flag}`, 'it is not a number', `write ${flag} ${example}`);
}

function wholeNumber(flag: string, text: string, example: string): number {
	if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
	throw usageError(`cannot use '${text}' with ${flag}`, 'it is not a whole number above 0', `write ${flag}=${example}`);
}

/** `NAME` alone has an empty value. */
function parseLabel(text: string): [string, string] {
	const equals = text.indexOf('=');
	if (equals !== 0 && text !== '') return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)];
	throw usageError(`cannot use '${text}' as a label`, 'it has no name', 'write --label NAME=VALUE');
}
