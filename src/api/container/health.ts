/** Ours: health checks. Durations in milliseconds. */
import Type from 'typebox';

const Duration = Type.Integer({ minimum: 0, maximum: 2 ** 53 - 1, description: 'milliseconds; 0: the default' });
const test = Type.Array(Type.String(), { description: '["CMD", WORD, ...], ["CMD-SHELL", TEXT] or ["NONE"]' });

const settings = {
	interval: Duration,
	timeout: Duration,
	start_period: Duration,
	start_interval: Duration,
	retries: Type.Integer({ minimum: 0 }),
};

/** Health check of an image. */
export const HealthCheck = Type.Object({ test, ...settings }, { $id: 'HealthCheck' });
export type HealthCheck = Type.Static<typeof HealthCheck>;

/** Settings of a container. */
export const HealthSettings = Type.Object(Type.Partial(Type.Object({ test, ...settings })).properties, {
	additionalProperties: false,
	description: 'health check; absent settings are those of the image',
});
export type HealthSettings = Type.Static<typeof HealthSettings>;

export const HealthStatus = Type.Union([Type.Literal('starting'), Type.Literal('healthy'), Type.Literal('unhealthy')]);

const HealthResult = Type.Object({
	start: Type.String({ description: 'ISO 8601, UTC' }),
	end: Type.String(),
	exit_code: Type.Integer({ description: '-1: the check could not be run, or took longer than its timeout' }),
	output: Type.String({ description: 'the first 4096 bytes' }),
});

export const ContainerHealth = Type.Object(
	{
		command: Type.Array(Type.String()),
		...settings,
		failures: Type.Integer({ description: 'failed checks in a row, without those of the start period' }),
		results: Type.Array(HealthResult, { description: 'the last ones of the present or last run, oldest first' }),
	},
	{ $id: 'ContainerHealth', description: 'ours: the health check in force; null: the container has none' },
);
export type ContainerHealth = Type.Static<typeof ContainerHealth>;
