import type { Option } from 'commander';
import { FILTER_VALUES } from '../list/container-filter.ts';

/** Candidates that the daemon provides; contexts are those of the user. */
export type Names =
	| 'containers'
	| 'running'
	| 'images'
	| 'networks'
	| 'volumes'
	| 'objects'
	| 'contexts'
	| 'communicating';

/** Values of an option by their keys: words, or names that the daemon provides; none: whatever a user writes. */
type Assignments = Readonly<Record<string, readonly string[] | Names | undefined>>;

/** By the long name of the option. */
const ASSIGNMENTS: Readonly<Record<string, Assignments>> = {
	'--filter': FILTER_VALUES,
	'--log-opt': { 'max-size': ['1m', '10m', '100m'], 'max-file': ['1', '2', '5'] },
};

/** What may stand at the cursor in the value of an option. */
export interface Assignment {
	/** Typed, behind the key. */
	readonly current: string;
	/** `KEY=`, or nothing where the key itself is wanted. */
	readonly key: string;
	readonly words: readonly string[];
	readonly names: Names | undefined;
}

/** Finds the keys of an option with `KEY=VALUE`, or the values of the key that is typed; undefined for other options. */
export function assignmentAt({ long }: Option, typed: string): Assignment | undefined {
	const known = Object.hasOwn(ASSIGNMENTS, long ?? '') ? ASSIGNMENTS[long ?? ''] : undefined;
	if (!known) return undefined;
	const equals = typed.indexOf('=');
	if (equals < 0)
		return { current: typed, key: '', words: Object.keys(known).map((key) => `${key}=`), names: undefined };
	const key = typed.slice(0, equals);
	const values = Object.hasOwn(known, key) ? known[key] : undefined;
	const isNames = typeof values === 'string';
	return {
		current: typed.slice(equals + 1),
		key: `${key}=`,
		words: isNames ? [] : (values ?? []),
		names: isNames ? values : undefined,
	};
}
