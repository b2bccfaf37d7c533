import { type Address, fromSortableKey, sortableKey } from '#inet/address.ts';
import type { Family } from '#inet/family.ts';
import type { Subnet } from '#inet/subnet.ts';
import { type Network, type NetworkText, type NetworkType, networkOf, networkText } from '#model/network.ts';
import type { Database } from './database.ts';
import { flag, integer, oneOf, Table, text } from './table.ts';

const NETWORKS = new Table<NetworkText>('networks', {
	id: text('id'),
	name: text('name'),
	type: oneOf<NetworkType>('type', ['bridge', 'loopback', 'custom']),
	interface: text('interface'),
	subnet: text('subnet'),
	subnet6: text('subnet6'),
	gateway: text('gateway'),
	gateway6: text('gateway6'),
	nat: text('nat'),
	nat6: flag('nat6'),
	icc: flag('icc'),
	internal: flag('internal'),
	dns: flag('dns'),
	mtu: integer('mtu'),
	parent: text('parent'),
	vlan: integer('vlan'),
	ipRange: text('ip_range'),
	ipRange6: text('ip_range6'),
	hostIp: text('host_ip'),
	hostIp6: text('host_ip6'),
	created: text('created'),
});

/** Networks and their subnets. */
export class NetworkStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	insert(network: Network): void {
		NETWORKS.insert(this.#db, networkText(network));
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

	#one(tail: string, value: string): Network | undefined {
		const row = NETWORKS.get(this.#db, tail, value);
		return row && networkOf(row);
	}

	get(id: string): Network | undefined {
		return this.#one('WHERE id = ?', id);
	}

	byName(name: string): Network | undefined {
		return this.#one('WHERE name = ?', name);
	}

	byInterface(name: string): Network | undefined {
		return this.#one('WHERE interface = ?', name);
	}

	/** At most two, so that the caller can tell "the one" from "several". */
	byIdPrefix(prefix: string): Network[] {
		return NETWORKS.all(this.#db, 'WHERE id >= ? AND id < ? LIMIT 2', prefix, `${prefix}g`).map(networkOf);
	}

	list(): Network[] {
		return NETWORKS.all(this.#db, 'ORDER BY name').map(networkOf);
	}

	/** Those that no container is on. */
	unused(): Network[] {
		const used = 'SELECT 1 FROM endpoints WHERE network_id = networks.id';
		return NETWORKS.all(this.#db, `WHERE NOT EXISTS (${used}) ORDER BY name`).map(networkOf);
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
