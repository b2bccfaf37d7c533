import { type Address, sortableKey } from '#inet/address.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Database, Row } from './database.ts';

const COLUMNS = 'id, container_id, network_id, ip_address, ip_address6, position, epair, mac, default_route';
const FIELDS = `${COLUMNS}, (SELECT json_group_array(alias) FROM aliases WHERE endpoint_id = endpoints.id) AS aliases`;

/** Endpoints, and the addresses that they and the gateways hold. */
export class EndpointStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	insert(endpoint: Endpoint): void {
		const { id, containerId, networkId, ipAddress, ipAddress6, position, epair, mac, defaultRoute } = endpoint;
		const sql = `INSERT INTO endpoints (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
		const addresses = [ipAddress, ipAddress6];
		this.#db.run(sql, id, containerId, networkId, ...addresses, position, epair, mac, Number(defaultRoute));
		for (const alias of endpoint.aliases)
			this.#db.run('INSERT INTO aliases (network_id, alias, endpoint_id) VALUES (?, ?, ?)', networkId, alias, id);
	}

	delete(id: string): void {
		this.#db.run('DELETE FROM endpoints WHERE id = ?', id);
	}

	find(containerId: string, networkId: string): Endpoint | undefined {
		const sql = `SELECT ${FIELDS} FROM endpoints WHERE container_id = ? AND network_id = ?`;
		const row = this.#db.get(sql, containerId, networkId);
		return row && toEndpoint(row);
	}

	ofContainer(containerId: string): Endpoint[] {
		const sql = `SELECT ${FIELDS} FROM endpoints WHERE container_id = ? ORDER BY position`;
		return this.#db.all(sql, containerId).map(toEndpoint);
	}

	ofNetwork(networkId: string): Endpoint[] {
		return this.#db.all(`SELECT ${FIELDS} FROM endpoints WHERE network_id = ? ORDER BY id`, networkId).map(toEndpoint);
	}

	/** Those with this alias, in lower case, in order of their ids. */
	ofAlias(networkId: string, alias: string): Endpoint[] {
		const sql = `SELECT ${FIELDS} FROM endpoints WHERE id IN
			(SELECT endpoint_id FROM aliases WHERE network_id = ? AND alias = ?) ORDER BY id`;
		return this.#db.all(sql, networkId, alias).map(toEndpoint);
	}

	/** From now on no endpoint of a container is preferred for the default route. */
	clearDefaultRoutes(containerId: string): void {
		this.#db.run('UPDATE endpoints SET default_route = 0 WHERE container_id = ?', containerId);
	}

	/** Whichever was preferred before is to be cleared first. */
	preferDefaultRoute(id: string): void {
		this.#db.run('UPDATE endpoints SET default_route = 1 WHERE id = ?', id);
	}

	setEpair(id: string, unit: number | null): void {
		this.#db.run('UPDATE endpoints SET epair = ? WHERE id = ?', unit, id);
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

	/** The endpoint that holds an address, null for the gateway, undefined for nobody. */
	holder(networkId: string, address: Address): string | null | undefined {
		const sql = 'SELECT endpoint_id FROM addresses WHERE network_id = ? AND address = ?';
		const row = this.#db.get(sql, networkId, sortableKey(address));
		return row && (row.endpoint_id === null ? null : String(row.endpoint_id));
	}

	get(id: string): Endpoint | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM endpoints WHERE id = ?`, id);
		return row && toEndpoint(row);
	}
}

function toEndpoint(row: Row): Endpoint {
	return {
		id: String(row.id),
		containerId: String(row.container_id),
		networkId: String(row.network_id),
		ipAddress: String(row.ip_address),
		ipAddress6: String(row.ip_address6),
		position: Number(row.position),
		epair: row.epair === null ? null : Number(row.epair),
		mac: String(row.mac),
		defaultRoute: row.default_route === 1,
		aliases: JSON.parse(String(row.aliases)),
	};
}
