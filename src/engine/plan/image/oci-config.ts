/** Configurations of OCI images: https://github.com/opencontainers/image-spec/blob/main/config.md, with what Docker adds. */
import { KleeneError } from '#errors/kleene-error.ts';
import type { HealthCheck, HistoryEntry, Image, ImageConfig } from '#model/image.ts';
import type { Platform } from '#model/registry/remote-image.ts';

type Json = { readonly [key: string]: unknown };

export interface OciImage {
	readonly config: ImageConfig;
	/** Digests of the plain archives of its layers, the lowest one first. */
	readonly diffIds: readonly string[];
	/** `layer`: place of the layer among them; undefined: none was added. */
	readonly history: readonly (Omit<HistoryEntry, 'layer'> & { readonly layer: number | undefined })[];
	readonly platform: Platform;
}

const NANOSECONDS = 1_000_000;

/** @throws KleeneError IMAGE_FAILED for what is no configuration of an image */
export function parseOciConfig(value: unknown): OciImage {
	const whole = objectOf(value);
	const rootfs = objectOf(whole.rootfs);
	const diffIds = textsOf(rootfs.diff_ids);
	if (diffIds.length === 0 || diffIds.some((id) => !/^sha256:[0-9a-f]{64}$/.test(id)))
		throw new KleeneError({
			code: 'IMAGE_FAILED',
			what: 'cannot use the image',
			why: 'its configuration lists no layers: it is no image of a file system',
			hint: 'name the image of a container; other artifacts of a registry cannot be used',
		});
	return {
		config: configOf(objectOf(whole.config)),
		diffIds,
		history: historyOf(whole.history, diffIds.length),
		platform: { os: textOf(whole.os), architecture: textOf(whole.architecture) },
	};
}

function configOf(config: Json): ImageConfig {
	return {
		entrypoint: textsOf(config.Entrypoint),
		cmd: textsOf(config.Cmd),
		env: textsOf(config.Env).filter((entry) => /^[^=]+=/.test(entry)),
		user: textOf(config.User),
		workdir: textOf(config.WorkingDir),
		labels: Object.fromEntries(Object.entries(objectOf(config.Labels)).map(([key, text]) => [key, textOf(text)])),
		exposedPorts: Object.keys(objectOf(config.ExposedPorts)),
		volumes: Object.keys(objectOf(config.Volumes)),
		stopSignal: textOf(config.StopSignal),
		healthCheck: healthCheckOf(objectOf(config.Healthcheck)),
		shell: textsOf(config.Shell),
	};
}

function healthCheckOf(check: Json): HealthCheck | null {
	const test = textsOf(check.Test);
	if (test.length === 0) return null;
	const milliseconds = (value: unknown) => Math.round(numberOf(value) / NANOSECONDS);
	return {
		test,
		interval: milliseconds(check.Interval),
		timeout: milliseconds(check.Timeout),
		startPeriod: milliseconds(check.StartPeriod),
		startInterval: milliseconds(check.StartInterval),
		retries: numberOf(check.Retries),
	};
}

function historyOf(value: unknown, layers: number): OciImage['history'] {
	let next = 0;
	return (Array.isArray(value) ? value : []).map((entry) => {
		const { created_by, comment, created, empty_layer } = objectOf(entry);
		const layer = empty_layer === true || next >= layers ? undefined : next++;
		return { instruction: textOf(created_by) || textOf(comment), created: textOf(created), layer };
	});
}

/**
 * The opposite: everything but the digests of its layers, which are known when these are packed.
 *
 * @param layers ids, the lowest one first
 */
export function renderOciConfig(
	{ config, history, created }: Pick<Image, 'config' | 'history' | 'created'>,
	layers: readonly string[],
	{ os, architecture }: Platform,
): Json {
	const set = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]));
	const wanted: Json = {
		User: config.user,
		ExposedPorts: set(config.exposedPorts),
		Env: config.env,
		Entrypoint: config.entrypoint,
		Cmd: config.cmd,
		Volumes: set(config.volumes),
		WorkingDir: config.workdir,
		Labels: config.labels,
		StopSignal: config.stopSignal,
		Healthcheck: config.healthCheck && renderHealthCheck(config.healthCheck),
		Shell: config.shell,
	};
	return { created, os, architecture, config: withoutEmpty(wanted), history: renderHistory(history, layers) };
}

function renderHealthCheck({ test, retries, ...times }: HealthCheck): Json {
	const { interval, timeout, startPeriod, startInterval = 0 } = times;
	const inNanoseconds = [interval, timeout, startPeriod, startInterval].map((time) => time * NANOSECONDS);
	const [Interval, Timeout, StartPeriod, StartInterval] = inNanoseconds;
	return { Test: test, Interval, Timeout, StartPeriod, StartInterval, Retries: retries };
}

/**
 * One entry for each layer, besides those without one: readers count them. A layer with no entry of its own, such as that of
 * a base image, gets one in its place.
 */
function renderHistory(history: readonly HistoryEntry[], layers: readonly string[]): Json[] {
	if (history.length === 0) return [];
	let next = 0;
	const entries = history.flatMap(({ instruction, layer, created }) => {
		const at = layer === '' ? -1 : layers.indexOf(layer, next);
		if (at < 0) return [withoutEmpty({ created, created_by: instruction, empty_layer: true })];
		const before = layers.slice(next, at).map(() => ({ created }));
		next = at + 1;
		return [...before, withoutEmpty({ created, created_by: instruction })];
	});
	const created = history.at(-1)?.created ?? '';
	return [...entries, ...layers.slice(next).map(() => withoutEmpty({ created }))];
}

function withoutEmpty(object: Json): Json {
	const isEmpty = (value: unknown) =>
		value === '' || value === null || (typeof value === 'object' && Object.keys(value).length === 0);
	return Object.fromEntries(Object.entries(object).filter(([, value]) => !isEmpty(value)));
}

function objectOf(value: unknown): Json {
	return typeof value === 'object' && value !== null ? (value as Json) : {};
}

function textOf(value: unknown): string {
	return typeof value === 'string' && !value.includes('\0') ? value : '';
}

function textsOf(value: unknown): string[] {
	return Array.isArray(value) ? value.filter((one) => typeof one === 'string' && !one.includes('\0')) : [];
}

function numberOf(value: unknown): number {
	return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
