import { findDrift } from './drift.ts';
import type { Examination, Finding } from './finding.ts';
import { findLeaks } from './leaks.ts';
import { findDuplicates, findNearlyFull } from './limits.ts';

/** What stands on nothing that is wrong comes first. */
export function examine(examination: Examination): Finding[] {
	return [
		...findDrift(examination),
		...findLeaks(examination),
		...findDuplicates(examination),
		...findNearlyFull(examination),
	];
}
