import { findDrift } from './doctor-drift.ts';
import { findLeaks } from './doctor-leaks.ts';
import { findDuplicates, findNearlyFull } from './doctor-limits.ts';
import type { Examination, Finding } from './finding.ts';

/** What stands on nothing that is wrong comes first. */
export function examine(examination: Examination): Finding[] {
	return [
		...findDrift(examination),
		...findLeaks(examination),
		...findDuplicates(examination),
		...findNearlyFull(examination),
	];
}
