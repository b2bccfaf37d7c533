/** `klee ps --filter`: values of one key are alternatives, different keys and all labels go together. As Docker has it. */
import type { ContainerSummary } from '#api/containers.ts';
import { usageError } from '../failure.ts';

type Listed = Pick<ContainerSummary, 'id' | 'name' | 'running' | 'end' | 'health' | 'options'>;

const KEYS = ['name', 'status', 'label', 'network', 'health'] as const;
type Key = (typeof KEYS)[number];

const STATUSES: Readonly<Record<string, (container: Listed) => boolean>> = {
	running: ({ running }) => running,
	stopped: ({ running }) => !running,
	exited: ({ running, end }) => !running && !!end,
	created: ({ running, end }) => !running && !end,
};

const HEALTH = ['starting', 'healthy', 'unhealthy', 'none'];

/** Values by key, for completion: words, or a kind of names; of labels nothing is known. */
export const FILTER_VALUES = {
	name: 'containers',
	status: Object.keys(STATUSES),
	label: undefined,
	network: 'networks',
	health: HEALTH,
} as const satisfies Readonly<Record<Key, readonly string[] | string | undefined>>;

export interface ContainerFilter {
	/** Names or ids of networks whose members are wanted; empty: of all. */
	readonly networks: readonly string[];
	/** Whether containers that do not run are wanted. */
	readonly stopped: boolean;
	matches(container: Listed): boolean;
}

/** @param words `KEY=VALUE` */
export function containerFilter(words: readonly string[]): ContainerFilter {
	const values: Record<Key, string[]> = { name: [], status: [], label: [], network: [], health: [] };
	for (const word of words) {
		const [key, value] = parseFilter(word);
		values[key].push(value);
	}
	const { name, status, label, network, health } = values;
	const patterns = name.map(parsePattern);
	const states = status.map((word) => requireOne('status', word, Object.keys(STATUSES)));
	for (const word of health) requireOne('health', word, HEALTH);
	const any = <V>(list: readonly V[], test: (value: V) => boolean) => list.length === 0 || list.some(test);
	return {
		networks: network,
		stopped: states.some((word) => word !== 'running'),
		matches: (container) =>
			any(patterns, (pattern) => pattern.test(container.name ?? '')) &&
			any(states, (word) => STATUSES[word]?.(container) ?? false) &&
			any(health, (word) => (container.health ?? 'none') === word) &&
			label.every((text) => hasLabel(container, text)),
	};
}

function parseFilter(word: string): [Key, string] {
	const equals = word.indexOf('=');
	const key = KEYS.find((one) => one === word.slice(0, Math.max(0, equals)));
	const value = word.slice(equals + 1);
	if (key !== undefined && value !== '') return [key, value];
	throw usageError(
		`cannot filter by '${word}'`,
		key === undefined ? 'it names nothing that containers are selected by' : 'it has no value',
		`write --filter KEY=VALUE with one of ${KEYS.join(', ')}`,
	);
}

/** A part of the name, or a regular expression. */
function parsePattern(text: string): RegExp {
	try {
		return new RegExp(text);
	} catch {
		throw usageError(
			`cannot filter by the name '${text}'`,
			'it is not a regular expression',
			'write --filter name=web',
		);
	}
}

function requireOne(key: Key, word: string, words: readonly string[]): string {
	if (words.includes(word)) return word;
	throw usageError(
		`cannot filter by the ${key} '${word}'`,
		'there is none of this name',
		`choose from ${words.join(', ')}`,
	);
}

/** @param text `NAME` or `NAME=VALUE` */
function hasLabel({ options }: Pick<Listed, 'options'>, text: string): boolean {
	const labels = Object.entries(options?.labels ?? {});
	return labels.some(([name, value]) => text === name || text === `${name}=${value}`);
}
