import { KleeneError } from '#errors/kleene-error.ts';
import { formatAddress, parseAddress } from '#inet/address.ts';
import { type Family, familyEntries } from '#inet/family.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import { contains, formatSubnet, overlap, parseSubnetAround, type Subnet } from '#inet/subnet.ts';
import { parseNetworkConfig } from '#model/configuration/network-config.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Observed } from '#model/host/observed.ts';
import { newId } from '#model/ids.ts';
import { HOST_GATEWAY, type Network, type NetworkConfig, type NewNetwork, networkText } from '#model/network.ts';
import type { Part } from '#model/part.ts';
import { make, unmakeAll } from '#model/step.ts';
import type { EngineContext } from '../../context.ts';
import { findNetwork, requireNetwork } from '../../identify.ts';
import { NETWORKS, networkLock, networkPartsLock } from '../../locks.ts';
import { interfaceOf, partsOfNetwork } from '../../plan/network/network.ts';
import type { DryRun, Outcome } from '../outcome.ts';
import type { EndpointOperations } from './endpoints.ts';
import { requireParent } from './parents.ts';

/** Interface that every network stack of Linux begins with. */
const LOOPBACK = 'lo';

export class NetworkOperations {
	readonly #context: EngineContext;
	readonly #endpoints: EndpointOperations;

	constructor(context: EngineContext, endpoints: EndpointOperations) {
		this.#context = context;
		this.#endpoints = endpoints;
	}

	list(): Network[] {
		return this.#context.store.networks.list();
	}

	inspect(identifier: string): { network: Network; endpoints: Endpoint[] } {
		const network = findNetwork(this.#context.store, identifier);
		return { network, endpoints: this.#context.store.endpoints.ofNetwork(network.id) };
	}

	/** One at a time: names, interfaces and subnets are judged against each other. */
	create(config: NetworkConfig, { dryRun }: DryRun): Promise<Outcome> {
		return this.#context.locks.run(NETWORKS, async () => {
			const { driver, executor, timestamp } = this.#context;
			const parsed = parseNetworkConfig(config);
			this.#requireFreeName(parsed.name);
			const observed = await driver.observe('addressing');
			this.#context.seen.gatewayInterface = observed.gatewayInterface;
			this.#context.seen.uplinks = observed.uplinks;
			const network: Network = { ...this.#complete(parsed, observed), id: newId(), created: timestamp() };
			this.#requireFreeInterface(network, observed);
			requireParent(network, { observed, networks: this.list(), traits: driver.facts() });
			this.#requireFreeSubnets(network, observed);
			const steps = this.#parts(network).map(make);
			if (dryRun) return { id: network.id, plan: executor.describe(steps) };
			const held = reserved(network, observed);
			const done = [{ kind: 'network-created', network: networkText(network), held }] as const;
			await executor.build({ subject: `network ${network.id}`, steps, done });
			return { id: network.id };
		});
	}

	/** Members are disconnected first, running ones included. */
	remove(identifier: string, { dryRun }: DryRun): Promise<Outcome> {
		const { store, locks } = this.#context;
		const { id } = findNetwork(store, identifier, 'network not found.');
		return locks.run(networkLock(id), async () => {
			const network = requireNetwork(store, id, 'network not found.');
			if (dryRun) return { id, plan: this.#describeRemoval(network) };
			for (const endpoint of store.endpoints.ofNetwork(id)) await this.#endpoints.disconnectEndpoint(endpoint);
			await this.#takeDown(network);
			return { id };
		});
	}

	async #takeDown(network: Network): Promise<void> {
		const { executor, locks } = this.#context;
		const { id } = network;
		await locks.run(networkPartsLock(id), () => {
			const chains = [unmakeAll(this.#parts(network))];
			const done = [{ kind: 'network-removed', network: id }] as const;
			return executor.teardown({ subject: `network ${id}`, chains, done });
		});
	}

	#describeRemoval(network: Network): string[] {
		const { store, executor } = this.#context;
		const members = store.endpoints
			.ofNetwork(network.id)
			.flatMap((endpoint) => this.#endpoints.describeDisconnect(endpoint));
		return [...members, ...executor.describe(unmakeAll(this.#parts(network)))];
	}

	/** Removes networks without endpoints; a stopped member keeps its network. */
	async prune({ dryRun }: DryRun): Promise<{ ids: string[]; plan?: string[] }> {
		const { store, locks } = this.#context;
		const unused = store.networks.unused();
		if (dryRun) return { ids: [], plan: unused.flatMap((network) => this.#describeRemoval(network)) };
		const ids: string[] = [];
		for (const { id } of unused)
			await locks.run(networkLock(id), async () => {
				const network = store.networks.get(id);
				if (!network || store.endpoints.ofNetwork(id).length > 0) return;
				await this.#takeDown(network);
				ids.push(id);
			});
		return { ids };
	}

	#complete(config: NewNetwork, observed: Observed): NewNetwork {
		const carrier = config.parent || observed.gatewayInterface;
		const uplink = observed.interfaces.find(({ name }) => name === carrier);
		const mtu = config.mtu || (uplink?.mtu ?? 0);
		return { ...config, mtu, interface: config.interface || this.#freeInterface(observed) };
	}

	#parts(network: Network): Part[] {
		return partsOfNetwork(network, this.#context.seen);
	}

	/** As the API shows it: the interface that `<host-gateway>` stands for now. */
	natInterface(network: Network): string {
		return interfaceOf(network.asked.nat, this.#context.seen.gatewayInterface);
	}

	#freeInterface(observed: Observed): string {
		const taken = new Set(observed.interfaces.map(({ name }) => name));
		for (let unit = 0; ; unit += 1) {
			const name = `kleene${unit}`;
			if (!taken.has(name) && !this.#context.store.networks.byInterface(name)) return name;
		}
	}

	#requireFreeName(name: string): void {
		const { networks } = this.#context.store;
		const [named, identified] = [networks.byName(name), networks.get(name)];
		if (!named && !identified) return;
		throw new KleeneError({
			code: 'NAME_TAKEN',
			what: `cannot create network ${name}`,
			why: named ? 'network name is already taken' : `it is the id of network ${identified?.name}`,
			hint: named
				? `choose another name, or remove the other one with "klee network rm ${name}"`
				: 'choose another name',
			message: 'network name is already taken',
		});
	}

	#requireFreeInterface({ name, type, interface: wanted, uplink }: Network, { interfaces }: Observed): void {
		const what = `cannot create network ${name}`;
		const there = interfaces.some((one) => one.name === wanted);
		const owner = this.#context.store.networks.byInterface(wanted);
		if (owner) {
			const why = `interface ${wanted} belongs to network ${owner.name}`;
			throw new KleeneError({ code: 'INTERFACE_TAKEN', what, why, hint: 'choose another --interface' });
		}
		if (type === 'custom' && !there) {
			const why = `the host has no interface ${wanted}`;
			const hint = `choose one of: ${interfaces.map((one) => one.name).join(', ')}`;
			throw new KleeneError({ code: 'NO_SUCH_INTERFACE', what, why, hint });
		}
		if (type === 'custom' && wanted === LOOPBACK && this.#context.driver.facts().ipnetHasEpair) {
			const why = `a container has a ${LOOPBACK} of its own, beside which there can be no second one`;
			const hint = 'use "-t loopback" for a network that only the host reaches';
			throw new KleeneError({ code: 'UNSUPPORTED_HERE', what, why, hint });
		}
		if (uplink !== HOST_GATEWAY && !interfaces.some((one) => one.name === uplink)) {
			const why = `the host has no interface ${uplink} to translate to`;
			const hint = `choose one of: ${interfaces.map((one) => one.name).join(', ')}, or leave --nat-if out`;
			throw new KleeneError({ code: 'NO_SUCH_INTERFACE', what, why, hint });
		}
		if (type !== 'custom' && there) {
			const why = `the host already has an interface ${wanted}`;
			const hint = 'choose another --interface, or leave it out to get a free one';
			throw new KleeneError({ code: 'INTERFACE_TAKEN', what, why, hint });
		}
	}

	#requireFreeSubnets(network: Network, observed: Observed): void {
		for (const [family, { subnet }] of familyEntries(network.families)) {
			const other = this.#context.store.networks.overlapping(subnet);
			const holder = other
				? `network ${other.name} (${subnetText(other, family)})`
				: holderOnHost(subnet, network, observed);
			if (!holder) continue;
			throw new KleeneError({
				code: 'SUBNET_OVERLAP',
				what: `cannot create network ${network.name}`,
				why: `its subnet ${formatSubnet(subnet)} overlaps ${holder}`,
				hint: 'choose another subnet',
			});
		}
	}
}

function subnetText({ families }: Network, family: Family): string {
	const own = families[family];
	return own ? formatSubnet(own.subnet) : '';
}

/** Addresses of the host in a subnet. A custom network may share the subnet of the interface it lives on. */
function holderOnHost(subnet: Subnet, network: Network, { interfaces, routes }: Observed): string | undefined {
	// The host may be on the same LAN by another interface, where it has no address on the bridge.
	if (network.parent && !network.families[subnet.family]?.host) return undefined;
	const foreign = (name: string) => network.type !== 'custom' || name !== network.interface;
	for (const { name, addresses } of interfaces.filter((one) => foreign(one.name))) {
		const address = addresses.find((text) => overlap(subnet, blockOf(text)));
		if (address) return `address ${address} of the host's interface ${name}`;
	}
	const route = routes.find(({ destination, interface: by }) => {
		const block = blockOf(destination);
		return foreign(by) && !standsForDefault(block) && overlap(subnet, block);
	});
	return route && `the host's route to ${route.destination} by ${route.interface}`;
}

/** OpenVPN's def1 and its like: a few routes that together hold everything, over the default route without replacing it. */
function standsForDefault({ family, prefix }: Subnet): boolean {
	return prefix <= (family === 4 ? 1 : 4);
}

/** `10.4.6.1/24` → the block 10.4.6.0/24. */
function blockOf(text: string): Subnet {
	const block = parseSubnetAround(text);
	if (!block) throw new Error(`the host reported the address '${text}'`);
	return block;
}

/** Addresses that no container may get: the gateways, and what the interface of a custom network, or a parent, already has. */
function reserved(network: Network, observed: Observed): string[] {
	const shared = network.type === 'custom' ? network.interface : network.parent;
	const own = observed.interfaces.filter(({ name }) => name === shared);
	const present = own.flatMap(({ addresses }) => addresses.map((text) => parseAddress(withoutPrefix(text))));
	return familyEntries(network.families).flatMap(([, { subnet, gateway, host }]) =>
		[gateway?.address, host, ...present].flatMap((address) =>
			address && contains(subnet, address) ? [formatAddress(address)] : [],
		),
	);
}
