/** Health checks in the words of the wire contract, and back. */
import type * as api from '#api/container/health.ts';
import type { ContainerDetails } from '#engine/operations/container/containers.ts';
import type { HealthSettings } from '#model/container/health.ts';
import type { HealthCheck } from '#model/image.ts';

export function presentCheck({ test, interval, timeout, startPeriod, retries }: HealthCheck): api.HealthCheck {
	return { test: [...test], interval, timeout, start_period: startPeriod, retries };
}

/** Only what is set. */
export function presentSettings({ test, startPeriod, ...rest }: HealthSettings): api.HealthSettings {
	return { ...(test && { test: [...test] }), ...rest, ...(startPeriod !== undefined && { start_period: startPeriod }) };
}

export function settingsOf({ start_period, ...rest }: api.HealthSettings): HealthSettings {
	return { ...rest, ...(start_period !== undefined && { startPeriod: start_period }) };
}

export function presentHealth({ check, checks }: ContainerDetails): api.ContainerHealth | null {
	if (!check) return null;
	const { argv, interval, timeout, startPeriod, retries } = check;
	const { failures = 0, results = [] } = checks ?? {};
	const settings = { interval, timeout, start_period: startPeriod, retries };
	return {
		command: [...argv],
		...settings,
		failures,
		results: results.map(({ code, ...result }) => ({ ...result, exit_code: code })),
	};
}
