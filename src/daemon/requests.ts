/** Requests of the wire contract for the engine. */
import type { ContainerConfig } from '#api/containers.ts';
import type * as endpoints from '#api/endpoints.ts';
import type { NetworkConfig as NetworkBody } from '#api/networks.ts';
import type { RunConfig } from '#api/runs.ts';
import type { ContainerRequest } from '#engine/operations/container/creations.ts';
import type { Joining, RunRequest } from '#engine/operations/container/new-containers.ts';
import type { ContainerOptions } from '#model/container/options.ts';
import type { NetworkConfig } from '#model/network.ts';
import { settingsOf } from './present-health.ts';

/** Translates settings of a new network for the engine. */
export function networkOf({ ip_range, ip_range6, host_ip, host_ip6, ...body }: NetworkBody): NetworkConfig {
	return {
		...body,
		ipRange: ip_range ?? '',
		ipRange6: ip_range6 ?? '',
		hostIp: host_ip ?? '',
		hostIp6: host_ip6 ?? '',
	};
}

/** Translates endpoint settings of a request for the engine. */
export function joiningOf(body: endpoints.Joining): Joining {
	const { network, ip_address: ipAddress, ip_address6: ipAddress6, mac, aliases, default_route } = body;
	const ours = { ...(mac ? { mac } : {}), defaultRoute: default_route === true, aliases: aliases ?? [] };
	return { network, ipAddress, ipAddress6, ...ours };
}

/** Networks to connect a new container to. */
export function joiningsOf({ endpoints = [] }: { readonly endpoints?: readonly endpoints.Joining[] }): Joining[] {
	return endpoints.map(joiningOf);
}

/** @param how whether the client will send input */
export function runOf(body: RunConfig, { stdin }: { readonly stdin: boolean }): RunRequest {
	const { container, execution, remove: autoRemove = false } = body;
	return {
		container: { ...containerOf(container), autoRemove },
		joinings: joiningsOf(body),
		command: { ...execution, stdin },
	};
}

/** Fills in the defaults of creation. */
export function containerOf(body: ContainerConfig): ContainerRequest {
	return {
		name: body.name ?? undefined,
		image: body.image ?? '',
		cmd: body.cmd ?? [],
		user: body.user ?? '',
		env: body.env ?? [],
		mounts: (body.mounts ?? []).map(({ read_only, ...mount }) => ({ ...mount, readOnly: read_only ?? false })),
		jailParam: body.jail_param ?? [],
		networkDriver: body.network_driver ?? 'ipnet',
		publicPorts: (body.public_ports ?? []).map((port) => ({
			interfaces: port.interfaces,
			hostPort: port.host_port,
			containerPort: port.container_port,
			protocol: port.protocol ?? 'tcp',
		})),
		publishFrom: body.publish_from ?? [],
		restartPolicy: body.restart_policy ?? 'no',
		persist: body.persist ?? false,
		bandwidth: body.bandwidth ?? 0,
		options: optionsOf(body.options ?? {}),
	};
}

export function optionsOf({ health, ...options }: NonNullable<ContainerConfig['options']>): ContainerOptions {
	return { ...options, ...(health && { health: settingsOf(health) }) };
}
