/** Error output of tcpdump(1). */
import type { CaptureEnd } from '#model/traffic/capture.ts';

/** Lines that say how it works rather than how it went. */
const PASSED_BY = /^(data link type|verbose output|listening on|dropped privs)|packets (captured|received|dropped)/;

/** @returns the lines that tell of a failure, without control characters; `''` for none */
export function wordsOf(said: string): string {
	return said
		.split('\n')
		.map((line) => line.replace(/^tcpdump: /, '').replace(/[^\x20-\x7e]/g, '?'))
		.filter((line) => line !== '' && !PASSED_BY.test(line))
		.join('; ')
		.slice(0, 500);
}

/** Whether a failure at the beginning is one of the filter, as far as it is not one of interfaces or permissions. */
export function isAboutFilter(said: string): boolean {
	return !/No such device|permission|not permitted|socket|not up|cannot allocate|Killed|was not ready/i.test(
		wordsOf(said),
	);
}

/** @param code exit code: 0 also when it was ended by SIGINT */
export function endOf(said: string, code: number): CaptureEnd {
	const count = (what: string) => Number(new RegExp(`(\\d+) packets? ${what}`).exec(said)?.[1] ?? 0);
	return {
		packets: count('captured'),
		dropped: count('dropped by kernel') + count('dropped by interface'),
		failure: code === 0 ? '' : wordsOf(said) || `exit code ${code}`,
	};
}
