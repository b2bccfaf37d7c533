import { type Address, fromSortableKey, sortableKey } from '#inet/address.ts';
import type { Family } from '#inet/family.ts';
import type { Subnet } from '#inet/subnet.ts';
import type { Network, NetworkType } from '#model/network.ts';
import type { Database, Row } from './database.ts';

const FIELDS =
	'id, name, type, interface, subnet, subnet6, gateway, gateway6, nat, icc, internal, created, dns, mtu, nat6';

/** Networks and their subnets. */
export class NetworkStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	insert(network: Network): void {
		const { id, name, type, subnet, subnet6, gateway, gateway6, nat, icc, internal, created, dns, mtu, nat6 } = network;
		const flags = [Number(icc), Number(internal)];
		const blocks = [subnet, subnet6, gateway, gateway6];
		const values = [
			id,
			name,
			type,
			network.interface,
			...blocks,
			nat,
			...flags,
			created,
			Number(dns),
			mtu,
			Number(nat6),
		];
		this.#db.run(`INSERT INTO networks (${FIELDS}) VALUES (${values.map(() => '?').join(', ')})`, ...values);
	}

	insertSubnet(networkId: string, subnet: Subnet, lowest: Address): void {
		this.#db.run(
			'INSERT INTO subnets (network_id, family, first, last, hint) VALUES (?, ?, ?, ?, ?)',
			networkId,
			subnet.family,
			sortableKey({ family: subnet.family, value: subnet.first }),
			sortableKey({ family: subnet.family, value: subnet.last }),
			sortableKey(lowest),
		);
	}

	delete(id: string): void {
		this.#db.run('DELETE FROM networks WHERE id = ?', id);
	}

	get(id: string): Network | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM networks WHERE id = ?`, id);
		return row && toNetwork(row);
	}

	byName(name: string): Network | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM networks WHERE name = ?`, name);
		return row && toNetwork(row);
	}

	byInterface(name: string): Network | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM networks WHERE interface = ?`, name);
		return row && toNetwork(row);
	}

	/** At most two, so that the caller can tell "the one" from "several". */
	byIdPrefix(prefix: string): Network[] {
		const sql = `SELECT ${FIELDS} FROM networks WHERE id >= ? AND id < ? LIMIT 2`;
		return this.#db.all(sql, prefix, `${prefix}g`).map(toNetwork);
	}

	list(): Network[] {
		return this.#db.all(`SELECT ${FIELDS} FROM networks ORDER BY name`).map(toNetwork);
	}

	unused(): Network[] {
		const sql = `SELECT ${FIELDS} FROM networks n WHERE NOT EXISTS (SELECT 1 FROM endpoints e WHERE e.network_id = n.id)`;
		return this.#db.all(`${sql} ORDER BY name`).map(toNetwork);
	}

	/**
	 * A network whose subnet overlaps this one. Stored subnets never overlap each other, so the one that begins last
	 * at or before our end is the only candidate: one index look-up, however many networks there are.
	 */
	overlapping(subnet: Subnet): Network | undefined {
		const key = (value: bigint) => sortableKey({ family: subnet.family, value });
		const sql = 'SELECT network_id, last FROM subnets WHERE family = ? AND first <= ? ORDER BY first DESC LIMIT 1';
		const row = this.#db.get(sql, subnet.family, key(subnet.last));
		return row && String(row.last) >= key(subnet.first) ? this.get(String(row.network_id)) : undefined;
	}

	hint(networkId: string, family: Family): Address | undefined {
		const sql = 'SELECT hint FROM subnets WHERE network_id = ? AND family = ?';
		const row = this.#db.get(sql, networkId, family);
		return row && fromSortableKey(String(row.hint));
	}

	setHint(networkId: string, hint: Address): void {
		const sql = 'UPDATE subnets SET hint = ? WHERE network_id = ? AND family = ?';
		this.#db.run(sql, sortableKey(hint), networkId, hint.family);
	}
}

function toNetwork(row: Row): Network {
	return {
		id: String(row.id),
		name: String(row.name),
		type: String(row.type) as NetworkType,
		interface: String(row.interface),
		subnet: String(row.subnet),
		subnet6: String(row.subnet6),
		gateway: String(row.gateway),
		gateway6: String(row.gateway6),
		nat: String(row.nat),
		icc: row.icc === 1,
		internal: row.internal === 1,
		created: String(row.created),
		dns: row.dns === 1,
		mtu: Number(row.mtu),
		nat6: row.nat6 === 1,
	};
}
