/** Health checks of containers, by the rules of Docker: https://docs.docker.com/reference/dockerfile/#healthcheck */
import type { Health, HealthResult, HealthSettings } from '#model/container/health.ts';
import type { Container } from '#model/container.ts';
import type { HealthCheck, Image } from '#model/image.ts';
import { words } from '../build/settings.ts';
import { refuse } from './flags.ts';

/** Milliseconds. */
const INTERVAL = 30_000;
const TIMEOUT = 30_000;
const START_INTERVAL = 5000;
const RETRIES = 3;
/** Results that are kept of a run. */
const MOST_RESULTS = 5;
/** Bytes of output that are kept of a check. */
export const MOST_OUTPUT = 4096;
/** Milliseconds: the longest that a timer waits. */
const LONGEST = 2 ** 31 - 1;

/** A health check with its defaults, and the words of its command. */
export interface Check extends Required<Omit<HealthCheck, 'test'>> {
	readonly argv: readonly string[];
}

/** The check of a container: each setting is its own, or else that of its image. @returns undefined where there is none */
export function checkOf({ options }: Pick<Container, 'options'>, image: Image | undefined): Check | undefined {
	const settings = healthSettings(options?.health, image);
	const [kind, ...rest] = settings.test ?? [];
	const text = rest[0];
	if (kind === undefined || kind === 'NONE' || text === undefined) return undefined;
	const shell = image?.config ?? { shell: [] };
	return {
		argv: kind === 'CMD' ? rest : words({ form: 'shell', text }, shell),
		interval: Math.min(settings.interval || INTERVAL, LONGEST),
		timeout: Math.min(settings.timeout || TIMEOUT, LONGEST),
		startPeriod: settings.startPeriod || 0,
		startInterval: Math.min(settings.startInterval || START_INTERVAL, LONGEST),
		retries: settings.retries || RETRIES,
	};
}

/** As in images, 0 and an empty test stand for what is below. */
function healthSettings(own: HealthSettings = {}, image: Image | undefined): HealthSettings {
	const given = Object.entries(own).filter(([, value]) => (Array.isArray(value) ? value.length > 0 : value));
	return { ...image?.config.healthCheck, ...Object.fromEntries(given) };
}

export function healthAtStart(began: string): Health {
	return { status: 'starting', failures: 0, began, results: [] };
}

/** Health after one more check. A failure in the start period does not count until a check has succeeded. */
export function afterCheck(before: Health, check: Check, result: HealthResult): Health {
	const results = [...before.results, result].slice(-MOST_RESULTS);
	if (result.code === 0) return { ...before, status: 'healthy', failures: 0, results };
	const age = Date.parse(result.start) - Date.parse(before.began);
	if (before.status === 'starting' && age < check.startPeriod) return { ...before, results };
	const failures = before.failures + 1;
	return { ...before, status: failures >= check.retries ? 'unhealthy' : before.status, failures, results };
}

/** Milliseconds from the end of a check, or the start of the run, to the next check. @param now in milliseconds */
export function delayAfter({ status, began }: Health, check: Check, now: number): number {
	const left = Date.parse(began) + check.startPeriod - now;
	return status === 'starting' && left > 0 ? Math.min(check.startInterval, check.interval) : check.interval;
}

/** @throws KleeneError INVALID_ARGUMENT */
export function requireHealth({ test = [] }: HealthSettings = {}): void {
	const [kind, ...rest] = test;
	if (kind === undefined || (kind === 'NONE' && rest.length === 0)) return;
	const whole = kind === 'CMD-SHELL' ? rest.length === 1 && rest[0] !== '' : kind === 'CMD' && rest.length > 0;
	if (!whole)
		throw refuse(
			'health',
			`[${test.join(', ')}] is no test`,
			'give ["CMD-SHELL", TEXT], ["CMD", WORD, ...] or ["NONE"]',
		);
	if (rest.some((text) => text.includes('\0'))) throw refuse('health', 'its command holds a NUL byte', 'leave it out');
}
