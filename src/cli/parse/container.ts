import type { ContainerConfig } from '#api/containers.ts';
import type { AttachOptions } from '../session/start.ts';
import type { DryRun } from '../syntax/options.ts';
import { type ContainerOptionWords, containerOptions } from './container-options.ts';
import { type EnvironmentOptions, environmentOf } from './environment.ts';
import { parseMount } from './mount.ts';
import type { AddressOptions } from './network.ts';
import { parsePublish } from './publish.ts';
import { parseRate } from './rate.ts';

export interface ContainerCreateOptions extends AddressOptions, ContainerOptionWords, EnvironmentOptions {
	readonly name?: string;
	readonly user?: string;
	readonly mount: readonly string[];
	readonly jailparam: readonly string[];
	readonly persist?: boolean;
	readonly driver?: NonNullable<ContainerConfig['network_driver']>;
	readonly network: readonly string[];
	readonly publish: readonly string[];
	readonly publishFrom: readonly string[];
	readonly bandwidth?: string;
}

export interface ExecOptions extends EnvironmentOptions {
	readonly user?: string;
	readonly workdir?: string;
}

export interface RunOptions extends ContainerCreateOptions, AttachOptions, DryRun {
	readonly rm?: boolean;
}

export function containerConfig(
	image: string,
	cmd: readonly string[],
	options: ContainerCreateOptions,
): ContainerConfig {
	return {
		image,
		cmd: [...cmd],
		user: options.user ?? '',
		env: environmentOf(options),
		mounts: options.mount.map(parseMount),
		jail_param: [...options.jailparam],
		persist: options.persist ?? false,
		restart_policy: options.restart === 'on-startup' ? 'on-startup' : 'no',
		network_driver: options.driver ?? (options.network.length === 0 ? 'host' : 'ipnet'),
		public_ports: options.publish.map(parsePublish),
		...(options.publishFrom.length > 0 && { publish_from: [...options.publishFrom] }),
		...(options.bandwidth !== undefined && { bandwidth: parseRate(options.bandwidth) }),
		...settings(options),
	};
}

/** Ours are sent only where there are any: a daemon of the original does not know them. */
function settings(options: ContainerOptionWords): Pick<ContainerConfig, 'options'> {
	const given = containerOptions(options);
	return Object.keys(given).length > 0 ? { options: given } : {};
}

export interface ContainerUpdateOptions extends ContainerOptionWords, EnvironmentOptions {
	readonly name?: string;
	readonly user?: string;
	readonly jailparam: readonly string[];
	readonly persist?: boolean;
}

/** Only what was given: the daemon leaves the rest as it is. */
export function containerChanges(cmd: readonly string[], options: ContainerUpdateOptions): ContainerConfig {
	return {
		...(options.name !== undefined && { name: options.name }),
		...(options.user !== undefined && { user: options.user }),
		...(cmd.length > 0 && { cmd: [...cmd] }),
		...(options.env.length + (options.envFile?.length ?? 0) > 0 && { env: environmentOf(options) }),
		...(options.jailparam.length > 0 && { jail_param: [...options.jailparam] }),
		...(options.persist !== undefined && { persist: options.persist }),
		...(options.restart !== undefined && { restart_policy: options.restart === 'on-startup' ? 'on-startup' : 'no' }),
		...settings(options),
	};
}

/** COMMAND as typed after IMAGE or CONTAINER. A `--` in front of it only says that it begins here. */
export function commandOf(words: readonly string[]): string[] {
	return words[0] === '--' ? words.slice(1) : [...words];
}
