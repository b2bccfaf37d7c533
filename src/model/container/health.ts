import type { HealthCheck } from '../image.ts';

/** Settings of the health check of a container; absent ones are those of its image. */
export type HealthSettings = Partial<HealthCheck>;

/** `starting`: no check has decided yet. */
export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

/** Result of one check. */
export interface HealthResult {
	/** ISO 8601, UTC. */
	readonly start: string;
	readonly end: string;
	/** Exit code of its command; -1: it could not be run, or took longer than its timeout. */
	readonly code: number;
	/** Beginning of output and error output, or why there is none. */
	readonly output: string;
}

/** Health of a run of a container. */
export interface Health {
	readonly status: HealthStatus;
	/** Failed checks in a row, without those of the start period. */
	readonly failures: number;
	/** Start of the run, ISO 8601, UTC. */
	readonly began: string;
	/** The last ones, oldest first. */
	readonly results: readonly HealthResult[];
}
