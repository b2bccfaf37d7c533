/** Health checks in the words of the wire contract, and back. */
import type * as api from '#api/container/health.ts';
import type { ContainerDetails } from '#engine/operations/container/containers.ts';
import type { HealthSettings } from '#model/container/health.ts';
import type { HealthCheck } from '#model/image.ts';

export function presentCheck({ test, ...check }: HealthCheck): api.HealthCheck {
	return { test: [...test], ...presentTimes(check) };
}

function presentTimes({ startPeriod, startInterval = 0, ...same }: Omit<HealthCheck, 'test'>) {
	return { ...same, start_period: startPeriod, start_interval: startInterval };
}

/** Only what is set. */
export function presentSettings({ test, startPeriod, startInterval, ...same }: HealthSettings): api.HealthSettings {
	return {
		...same,
		...(test && { test: [...test] }),
		...(startPeriod !== undefined && { start_period: startPeriod }),
		...(startInterval !== undefined && { start_interval: startInterval }),
	};
}

export function settingsOf({ start_period, start_interval, ...same }: api.HealthSettings): HealthSettings {
	return {
		...same,
		...(start_period !== undefined && { startPeriod: start_period }),
		...(start_interval !== undefined && { startInterval: start_interval }),
	};
}

export function presentHealth({ check, checks }: ContainerDetails): api.ContainerHealth | null {
	if (!check) return null;
	const { argv, ...settings } = check;
	const { failures = 0, results = [] } = checks ?? {};
	return {
		command: [...argv],
		...presentTimes(settings),
		failures,
		results: results.map(({ code, ...result }) => ({ ...result, exit_code: code })),
	};
}
