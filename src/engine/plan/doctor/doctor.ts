import { findDrift } from './drift.ts';
import type { Examination, Finding } from './finding.ts';
import { findLeaks } from './leaks.ts';
import { findDuplicates, findNearlyFull } from './limits.ts';

/** Findings of an examination, root causes first. */
export function examine(examination: Examination): Finding[] {
	return [
		...findDrift(examination),
		...findLeaks(examination),
		...findDuplicates(examination),
		...findNearlyFull(examination),
	];
}
