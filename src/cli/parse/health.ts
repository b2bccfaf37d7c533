import type { HealthSettings } from '#api/container/health.ts';
import type { ContainerOptions } from '#api/container/options.ts';
import { usageError } from '../failure.ts';
import { parseDuration } from './time.ts';

/** Options as typed; see `HealthSettings` of the API for their meaning. */
export interface HealthWords {
	readonly healthCmd?: string;
	readonly healthInterval?: string;
	readonly healthTimeout?: string;
	readonly healthRetries?: string;
	readonly healthStartPeriod?: string;
	readonly healthStartInterval?: string;
	/** False: --no-healthcheck. */
	readonly healthcheck?: boolean;
}

/** Only what was given. */
export function healthSettings(words: HealthWords): Pick<ContainerOptions, 'health'> {
	const { healthCmd: command, healthInterval: interval, healthTimeout: timeout } = words;
	const { healthRetries: retries, healthStartPeriod: start, healthStartInterval: between, healthcheck } = words;
	const settings: HealthSettings = {
		...(command !== undefined && { test: ['CMD-SHELL', requireCommand(command)] }),
		...(interval !== undefined && { interval: duration('--health-interval', interval) }),
		...(timeout !== undefined && { timeout: duration('--health-timeout', timeout) }),
		...(retries !== undefined && { retries: count(retries) }),
		...(between !== undefined && { start_interval: duration('--health-start-interval', between) }),
		...(start !== undefined && { start_period: parseDuration('--health-start-period', start) }),
	};
	const given = Object.keys(settings).length > 0;
	if (healthcheck !== false) return given ? { health: settings } : {};
	if (!given) return { health: { test: ['NONE'] } };
	throw usageError(
		'cannot use --no-healthcheck with the other options of health checks',
		'it disables the health check that they are about',
		'leave out one or the other',
	);
}

function requireCommand(text: string): string {
	if (text.trim() !== '') return text;
	throw usageError(
		'cannot use an empty --health-cmd',
		'there is nothing to run',
		'write --no-healthcheck to have none',
	);
}

function duration(option: string, text: string): number {
	const milliseconds = parseDuration(option, text);
	if (milliseconds > 0) return milliseconds;
	throw usageError(`cannot use '${text}' with ${option}`, 'it is no time at all', `write ${option} 10s`);
}

function count(text: string): number {
	if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
	throw usageError(
		`cannot use '${text}' with --health-retries`,
		'it is not a number above 0',
		'write --health-retries 3',
	);
}
