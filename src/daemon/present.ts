/** Model values in the words of the wire contract. */

import type * as containers from '#api/containers.ts';
import type { EndPoint } from '#api/endpoints.ts';
import type * as images from '#api/images.ts';
import type * as networks from '#api/networks.ts';
import type * as volumes from '#api/volumes.ts';
import type { ContainerState, ContainerView } from '#engine/operations/container/containers.ts';
import type { ImageView } from '#engine/operations/image/image-sizes.ts';
import { type Address, formatAddress } from '#inet/address.ts';
import { cableName } from '#model/cable.ts';
import type { Container } from '#model/container.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Mount } from '#model/mount.ts';
import type { Network } from '#model/network.ts';
import type { Volume } from '#model/volume.ts';
import { presentCheck, presentSettings } from './present-health.ts';

/** @param nat the interface that its traffic is translated to now */
export function presentNetwork(network: Network, nat: string): networks.Network {
	const { id, name, type, asked, icc, internal, dns, mtu } = network;
	const { subnet, subnet6, gateway, gateway6, nat6 } = asked;
	const { ipRange = '', ipRange6 = '', hostIp = '', hostIp6 = '' } = asked;
	return {
		id,
		name,
		type,
		subnet,
		subnet6,
		interface: network.interface,
		gateway,
		gateway6,
		nat,
		nat6,
		icc,
		internal,
		dns,
		mtu,
		parent: network.parent ?? '',
		vlan: network.vlan ?? 0,
		ip_range: ipRange,
		ip_range6: ipRange6,
		host_ip: hostIp,
		host_ip6: hostIp6,
	};
}

/** @param mac in use */
export function presentEndpoint(endpoint: Endpoint, mac: string): EndPoint {
	return {
		id: endpoint.id,
		container_id: endpoint.containerId,
		network_id: endpoint.networkId,
		ip_address: textOf(endpoint.addresses[4]),
		ip_address6: textOf(endpoint.addresses[6]),
		mac,
		default_route: endpoint.defaultRoute,
		aliases: [...endpoint.aliases],
		epair: endpoint.epair === null ? null : cableName(endpoint.epair),
	};
}

function textOf(address: Address | undefined): string {
	return address ? formatAddress(address) : '';
}

export function presentContainer({
	container,
	running,
	health,
	targets,
	pending,
}: ContainerState): containers.Container {
	const { end } = container;
	return {
		id: container.id,
		name: container.name,
		image_id: container.imageId,
		cmd: [...container.cmd],
		user: container.user,
		env: [...container.env],
		network_driver: container.networkDriver,
		public_ports: container.publicPorts.map((port, index) => ({
			interfaces: [...port.interfaces],
			host_port: port.hostPort,
			container_port: port.containerPort,
			protocol: port.protocol,
			ip_address: targets[index]?.[4] ?? '',
			ip_address6: targets[index]?.[6] ?? '',
		})),
		publish_from: [...container.publishFrom],
		jail_param: [...container.jailParam],
		restart_policy: container.restartPolicy,
		persist: container.persist,
		auto_remove: container.autoRemove,
		bandwidth: container.bandwidth,
		options: presentOptions(container.options),
		restarts: container.restarts ?? 0,
		created: container.created,
		dataset: container.dataset,
		running,
		health,
		end: running || !end ? null : { exit_code: end.code, at: end.at, reason: end.reason },
		pending: [...pending],
	};
}

/** Lists of a request are for the caller to change. */
function presentOptions({ health, ...options }: Container['options'] = {}): containers.Container['options'] {
	const rest = structuredClone(options) as containers.Container['options'];
	return health ? { ...rest, health: presentSettings(health) } : rest;
}

export function presentSummary(view: ContainerView): containers.ContainerSummary {
	return {
		...presentContainer(view),
		image_name: view.imageName,
		image_tag: view.imageTag,
		jid: view.pid,
	};
}

export function presentMounts({ id, mounts }: Container): containers.MountPoint[] {
	return mounts.map((mount) => presentMount(id, mount));
}

function presentMount(container_id: string, { type, source, destination, readOnly }: Mount): containers.MountPoint {
	return { container_id, type, source, destination, read_only: readOnly };
}

/** @param mountpoint path of its files on the host */
export function presentVolume({ name, dataset, created }: Volume, mountpoint: string): volumes.Volume {
	return { name, dataset, mountpoint, created };
}

/** Mount points in containers. */
export function presentUses({ name }: Volume, users: readonly Container[]): containers.MountPoint[] {
	return users.flatMap(({ id, mounts }) =>
		mounts.filter(({ type, source }) => type === 'volume' && source === name).map((mount) => presentMount(id, mount)),
	);
}

export function presentImage({ image, size, history }: ImageView): images.Image {
	const { id, name, tag, config, created, dataset, digest } = image;
	return {
		id,
		name,
		tag,
		cmd: [...config.cmd],
		env: [...config.env],
		user: config.user,
		instructions: image.history.map(({ instruction, layer }) => [instruction, layer]),
		created,
		dataset,
		size,
		digest,
		entrypoint: [...config.entrypoint],
		workdir: config.workdir,
		labels: { ...config.labels },
		exposed_ports: [...config.exposedPorts],
		volumes: [...config.volumes],
		stop_signal: config.stopSignal,
		health_check: config.healthCheck && presentCheck(config.healthCheck),
		history: history.map((entry) => ({ ...entry })),
	};
}
