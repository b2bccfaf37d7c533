/** Output of zfs(8): `-H` separates by tabs and leaves the heading out. */
import { type Explanation, explainBy, type KnownWords } from './words.ts';

export interface Dataset {
	readonly name: string;
	/** A path, `none`, `legacy`, or `-` for a snapshot. */
	readonly mountPoint: string;
	readonly mounted: boolean;
	/** Of a fourth column, where one was asked for; `''` where the property is not set. */
	readonly property: string;
}

/** Of `zfs list -Hp -o name,mountpoint,mounted[,PROPERTY]`. */
export function parseDatasets(output: string): Dataset[] {
	return rowsOf(output).map(([name = '', mountPoint = '', mounted, property = '-']) => ({
		name,
		mountPoint,
		mounted: mounted === 'yes',
		property: property === '-' ? '' : property,
	}));
}

/** Rows and their fields, of any `zfs list -H` or `zfs get -H`. */
export function rowsOf(output: string): string[][] {
	return output
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => line.split('\t'));
}

const KNOWN: KnownWords = [
	[
		/cannot destroy '([^']+)': (?:filesystem|snapshot|dataset) has dependent clones/,
		{
			code: 'IN_USE',
			why: 'clones depend on $1',
			hint: 'remove what was made of it first; "zfs list -o name,origin" shows what that is',
		},
	],
	[
		/cannot unmount '([^']+)': .*busy/,
		{
			code: 'HOST_FAILED',
			why: '$1 is in use on the host: something is mounted below it, or a process is in it',
			hint: 'end that ("mount | grep $1", "fstat -f $1"), then try again',
		},
	],
	[
		/cannot create '([^']+)': dataset already exists/,
		{
			code: 'HOST_FAILED',
			why: 'the dataset $1 already exists',
			hint: 'find its owner with "zfs list -o name,origin,creation $1", and destroy it if it is not needed',
		},
	],
	[
		/cannot open '([^']+)': dataset does not exist|could not find any snapshots to destroy/,
		{
			code: 'HOST_FAILED',
			why: 'the dataset or snapshot $1 is gone',
			hint: 'compare "klee image ls" and "klee container ls -a" with "zfs list -t all"',
		},
	],
	[
		/cannot promote '([^']+)': not a cloned filesystem/,
		{ code: 'HOST_FAILED', why: '$1 is no clone', hint: 'see "zfs get origin $1"' },
	],
	[
		/out of space|No space left|quota exceeded/i,
		{
			code: 'HOST_FAILED',
			why: 'the pool or a quota is full',
			hint: 'free some space: "zpool list", "zfs list -o space"',
		},
	],
	[
		/permission denied/i,
		{ code: 'NOT_ROOT', why: 'ZFS denies it to this user', hint: 'run the daemon as root on the host' },
	],
];

/** @param words error output of zfs(8) */
export function explainZfs(words: string): Explanation | undefined {
	return /cannot |could not find any snapshots/.test(words) ? explainBy(KNOWN, words) : undefined;
}
