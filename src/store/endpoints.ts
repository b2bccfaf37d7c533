import { type Address, formatAddress, fromSortableKey, parseAddress, perFamily, sortableKey } from '#inet/address.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Database } from './database.ts';
import { flag, integer, json, nullable, selected, Table, text } from './table.ts';

const ALIASES = '(SELECT json_group_array(alias) FROM aliases WHERE endpoint_id = endpoints.id)';

/** An endpoint as it is stored: addresses as text, `''` where the family is not used. */
export interface EndpointText extends Omit<Endpoint, 'addresses'> {
	readonly ipAddress: string;
	readonly ipAddress6: string;
}

const ENDPOINTS = new Table<EndpointText>('endpoints', {
	id: text('id'),
	containerId: text('container_id'),
	networkId: text('network_id'),
	ipAddress: text('ip_address'),
	ipAddress6: text('ip_address6'),
	position: integer('position'),
	epair: nullable(integer('epair')),
	mac: text('mac'),
	defaultRoute: flag('default_route'),
	leased: flag('leased'),
	aliases: selected(ALIASES, json('aliases')),
});

/** Endpoints, and the addresses that they and the gateways hold. */
export class EndpointStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	insert(endpoint: Endpoint): void {
		const { id, networkId, aliases } = endpoint;
		ENDPOINTS.insert(this.#db, endpointText(endpoint));
		for (const alias of aliases)
			this.#db.run('INSERT INTO aliases (network_id, alias, endpoint_id) VALUES (?, ?, ?)', networkId, alias, id);
	}

	delete(id: string): void {
		this.#db.run('DELETE FROM endpoints WHERE id = ?', id);
	}

	get(id: string): Endpoint | undefined {
		const row = ENDPOINTS.get(this.#db, 'WHERE id = ?', id);
		return row && endpointOf(row);
	}

	find(containerId: string, networkId: string): Endpoint | undefined {
		const row = ENDPOINTS.get(this.#db, 'WHERE container_id = ? AND network_id = ?', containerId, networkId);
		return row && endpointOf(row);
	}

	ofContainer(containerId: string): Endpoint[] {
		return ENDPOINTS.all(this.#db, 'WHERE container_id = ? ORDER BY position', containerId).map(endpointOf);
	}

	ofNetwork(networkId: string): Endpoint[] {
		return ENDPOINTS.all(this.#db, 'WHERE network_id = ? ORDER BY id', networkId).map(endpointOf);
	}

	/** Those whose MAC address the user chose. */
	withChosenMac(networkId: string): Endpoint[] {
		return ENDPOINTS.all(this.#db, "WHERE network_id = ? AND mac <> '' ORDER BY id", networkId).map(endpointOf);
	}

	/** Those with this alias, in lower case, in order of their ids. */
	ofAlias(networkId: string, alias: string): Endpoint[] {
		const named = 'SELECT endpoint_id FROM aliases WHERE network_id = ? AND alias = ?';
		return ENDPOINTS.all(this.#db, `WHERE id IN (${named}) ORDER BY id`, networkId, alias).map(endpointOf);
	}

	/** From now on no endpoint of a container is preferred for the default route. */
	clearDefaultRoutes(containerId: string): void {
		ENDPOINTS.update(this.#db, { defaultRoute: false }, 'WHERE container_id = ?', containerId);
	}

	/** Whichever was preferred before is to be cleared first. */
	preferDefaultRoute(id: string): void {
		ENDPOINTS.update(this.#db, { defaultRoute: true }, 'WHERE id = ?', id);
	}

	setEpair(id: string, unit: number | null): void {
		ENDPOINTS.update(this.#db, { epair: unit }, 'WHERE id = ?', id);
	}

	/** Takes the IPv4 address of an endpoint from it, and gives it another. @returns false when another endpoint has that */
	setLease({ id, networkId, addresses: { 4: before } }: Endpoint, address: Address | undefined): boolean {
		if (before) {
			const sql = 'DELETE FROM addresses WHERE network_id = ? AND address = ? AND endpoint_id = ?';
			this.#db.run(sql, networkId, sortableKey(before), id);
		}
		const held = address === undefined || this.hold(networkId, address, id);
		ENDPOINTS.update(this.#db, { ipAddress: address && held ? formatAddress(address) : '' }, 'WHERE id = ?', id);
		return held;
	}

	/** Units of all epairs that exist because of us. */
	epairs(): number[] {
		return this.#db.all('SELECT epair FROM endpoints WHERE epair IS NOT NULL').map((row) => Number(row.epair));
	}

	/** Whether the address was free and is now held. The unique index decides, so two callers can never both win. */
	hold(networkId: string, address: Address, endpointId: string | null): boolean {
		const sql = 'INSERT OR IGNORE INTO addresses (network_id, address, endpoint_id) VALUES (?, ?, ?)';
		return this.#db.run(sql, networkId, sortableKey(address), endpointId).changes === 1;
	}

	/** Addresses of a network, as text, that are held and belong to no endpoint. */
	heldByNone(networkId: string): string[] {
		const sql = 'SELECT address FROM addresses WHERE network_id = ? AND endpoint_id IS NULL ORDER BY address';
		return this.#db.all(sql, networkId).map(({ address }) => formatAddress(fromSortableKey(String(address))));
	}

	/** The endpoint that holds an address, null for the gateway, undefined for nobody. */
	holder(networkId: string, address: Address): string | null | undefined {
		const sql = 'SELECT endpoint_id FROM addresses WHERE network_id = ? AND address = ?';
		const row = this.#db.get(sql, networkId, sortableKey(address));
		return row && (row.endpoint_id === null ? null : String(row.endpoint_id));
	}
}

export function endpointText({ addresses, ...rest }: Endpoint): EndpointText {
	const textOf = (address: Address | undefined) => (address ? formatAddress(address) : '');
	return { ...rest, ipAddress: textOf(addresses[4]), ipAddress6: textOf(addresses[6]) };
}

export function endpointOf({ ipAddress, ipAddress6, ...rest }: EndpointText): Endpoint {
	return { ...rest, addresses: perFamily(parseAddress(ipAddress), parseAddress(ipAddress6)) };
}
