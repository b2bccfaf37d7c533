import { KleeneError } from '#errors/kleene-error.ts';
import type { HostFacts, LeaseChanged } from '#host/driver.ts';
import { type Address, formatAddress, parseAddress } from '#inet/address.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import type { Container } from '#model/container.ts';
import { addressesOf, type Endpoint } from '#model/endpoint.ts';
import { DHCP, type Network } from '#model/network.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { EngineContext } from '../../context.ts';
import { idsOf } from '../../events.ts';
import type { HostsFileUpdater } from './hosts-file-updater.ts';

/**
 * Addresses that containers have from a DHCP server of their LAN. The store knows them as long as the container runs and
 * the lease lasts: names, listings and maps take them from there.
 */
export class Leases {
	readonly #context: EngineContext;
	readonly #names: HostsFileUpdater;

	constructor(context: EngineContext, names: HostsFileUpdater) {
		this.#context = context;
		this.#names = names;
		context.recorder.listen((change) => this.#onRecorded(change));
	}

	/** @param change.address with prefix; `''`: the lease has ended */
	changed({ endpoint: id, address }: LeaseChanged): void {
		const endpoint = this.#context.store.endpoints.get(id);
		if (endpoint?.leased && endpoint.epair !== null) this.#set(endpoint, parseAddress(withoutPrefix(address)));
	}

	/** Given back with the end of the run. */
	#onRecorded(change: StoreChange): void {
		if (change.kind !== 'run-ended' && change.kind !== 'start-failed') return;
		for (const endpoint of this.#context.store.endpoints.ofContainer(change.container))
			if (endpoint.leased) this.#set(endpoint, undefined);
	}

	#set(endpoint: Endpoint, address: Address | undefined): void {
		const { store, events, log } = this.#context;
		const before = endpoint.addresses[4];
		if ((before && formatAddress(before)) === (address && formatAddress(address))) return;
		const { container, ...ids } = idsOf(endpoint);
		const held = store.transaction(() => store.endpoints.setLease(endpoint, address));
		const now = store.endpoints.get(endpoint.id);
		if (!held)
			log.error(
				{ container, address: address && formatAddress(address) },
				'the DHCP server gave away an address of another container',
			);
		events.tell({ kind: 'endpoint-address-changed', container, ...ids, addresses: now ? addressesOf(now) : [] });
		this.#names.changedBy(container);
	}
}

/** Where a DHCP server can be asked. @throws KleeneError */
export function requireLeasable(container: Container, network: Network, { leasesAddresses, release }: HostFacts): void {
	const what = `cannot use --ip ${DHCP} for container ${container.name} on network ${network.name}`;
	if (!leasesAddresses)
		throw new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what,
			why: `Kleene does not support that on ${release}`,
			hint: 'choose an address, or let the server reserve a range and use --ip-range',
		});
	if (container.networkDriver !== 'vnet')
		throw new KleeneError({
			code: 'DRIVER_REFUSED',
			what,
			why: `a DHCP client needs an interface on the LAN, which ${container.networkDriver} containers do not have`,
			hint: 'use "-l vnet", or choose an address',
		});
	if ((network.parent ?? '') === '')
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what,
			why: 'Kleene itself hands out its addresses: it is not on an interface of the host',
			hint: 'leave --ip out, or use a network with --parent',
		});
	if (container.publicPorts.length > 0)
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what,
			why: 'published ports lead to an address that is known before the start',
			hint: 'leave out -p: the container is reachable on the LAN by its own address; or choose an address',
		});
}
