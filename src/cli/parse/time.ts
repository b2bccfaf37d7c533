import { usageError } from '../failure.ts';

const SECONDS: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400 };
const DURATION = /^(\d+(?:\.\d+)?(?:ms|[smhd]))+$/;

/**
 * A point in time: `10m` or `1h30m` before now, seconds since 1970, or ISO 8601, where a time without zone is local.
 *
 * @returns ISO 8601 in UTC
 */
export function parseTime(option: string, text: string, now = Date.now()): string {
	const milliseconds = millisecondsOf(text, now);
	if (!Number.isNaN(milliseconds) && Math.abs(milliseconds) <= 8.64e15) return new Date(milliseconds).toISOString();
	throw usageError(
		`cannot use '${text}' as a time`,
		'it is neither a duration before now, nor seconds since 1970, nor a time in the form of ISO 8601',
		`write ${option} 10m, or ${option} 2026-11-30T20:15:00`,
	);
}

function millisecondsOf(text: string, now: number): number {
	if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
	if (!DURATION.test(text)) return Date.parse(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00` : text);
	return now - lengthOf(text);
}

/** @returns whole milliseconds of e.g. `30s`, `1m30s`, `500ms` */
export function parseDuration(option: string, text: string): number {
	const milliseconds = DURATION.test(text) ? Math.round(lengthOf(text)) : text === '0' ? 0 : Number.NaN;
	if (Number.isSafeInteger(milliseconds)) return milliseconds;
	throw usageError(`cannot use '${text}' with ${option}`, 'it is not a duration', `write ${option} 30s, or 1m30s`);
}

/** Milliseconds. */
function lengthOf(duration: string): number {
	const parts = [...duration.matchAll(/([\d.]+)(ms|[smhd])/g)];
	return 1000 * parts.reduce((sum, [, n, unit = '']) => sum + Number(n) * (SECONDS[unit] ?? 0), 0);
}
