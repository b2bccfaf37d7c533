import type { ContainerConfig } from '#api/containers.ts';
import { usageError } from '../failure.ts';
import type { AttachOptions } from '../session/start.ts';
import type { DryRun } from '../syntax/options.ts';
import { parseMount } from './mount.ts';
import type { AddressOptions } from './network.ts';
import { parsePublish } from './publish.ts';
import { parseRate } from './rate.ts';

export interface ContainerCreateOptions extends AddressOptions {
	readonly name?: string;
	readonly user?: string;
	readonly env: readonly string[];
	readonly mount: readonly string[];
	readonly jailparam: readonly string[];
	readonly persist?: boolean;
	readonly restart: 'no' | 'on-startup';
	readonly driver?: NonNullable<ContainerConfig['network_driver']>;
	readonly network?: string;
	readonly publish: readonly string[];
	readonly publishFrom: readonly string[];
	readonly bandwidth?: string;
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
		env: checkedEnvironment(options.env),
		mounts: options.mount.map(parseMount),
		jail_param: [...options.jailparam],
		persist: options.persist ?? false,
		restart_policy: options.restart,
		network_driver: options.driver ?? (options.network === undefined ? 'host' : 'ipnet'),
		public_ports: options.publish.map(parsePublish),
		...(options.publishFrom.length > 0 && { publish_from: [...options.publishFrom] }),
		...(options.bandwidth !== undefined && { bandwidth: parseRate(options.bandwidth) }),
	};
}

export interface ContainerUpdateOptions {
	readonly name?: string;
	readonly user?: string;
	readonly env: readonly string[];
	readonly jailparam: readonly string[];
	readonly persist?: boolean;
	readonly restart?: 'no' | 'on-startup';
}

/** Only what was given: the daemon leaves the rest as it is. */
export function containerChanges(cmd: readonly string[], options: ContainerUpdateOptions): ContainerConfig {
	return {
		...(options.name !== undefined && { name: options.name }),
		...(options.user !== undefined && { user: options.user }),
		...(cmd.length > 0 && { cmd: [...cmd] }),
		...(options.env.length > 0 && { env: checkedEnvironment(options.env) }),
		...(options.jailparam.length > 0 && { jail_param: [...options.jailparam] }),
		...(options.persist !== undefined && { persist: options.persist }),
		...(options.restart !== undefined && { restart_policy: options.restart }),
	};
}

export function checkedEnvironment(variables: readonly string[]): string[] {
	for (const variable of variables)
		if (variable.indexOf('=') < 1)
			throw usageError(
				`'${variable}' sets no environment variable`,
				'it has not the form NAME=VALUE',
				`write --env ${variable.replace(/=.*/, '') || 'NAME'}=VALUE`,
			);
	return [...variables];
}

/** COMMAND as typed after IMAGE or CONTAINER. A `--` in front of it only says that it begins here. */
export function commandOf(words: readonly string[]): string[] {
	return words[0] === '--' ? words.slice(1) : [...words];
}
