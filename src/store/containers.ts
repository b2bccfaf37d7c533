import type { Container, NetworkDriver, RestartPolicy } from '#model/container.ts';
import type { Part } from '#model/part.ts';
import type { Database, Row } from './database.ts';

const FIELDS =
	'id, name, image_id, cmd, user, env, network_driver, public_ports, jail_param, mounts, restart_policy, persist, created, dataset, bandwidth, publish_from';

export class ContainerStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	insert(container: Container): void {
		const values = toValues(container);
		this.#db.run(`INSERT INTO containers (${FIELDS}) VALUES (${values.map(() => '?').join(', ')})`, ...values);
	}

	/** Everything but id, image, creation time and files can change. */
	update(container: Container): void {
		const { name, cmd, user, env, jailParam, restartPolicy, persist, id } = container;
		const sql = `UPDATE containers SET name = ?, cmd = ?, user = ?, env = ?, jail_param = ?, restart_policy = ?, persist = ?
			WHERE id = ?`;
		const lists = [JSON.stringify(env), JSON.stringify(jailParam)];
		this.#db.run(sql, name, JSON.stringify(cmd), user, ...lists, restartPolicy, Number(persist), id);
	}

	delete(id: string): void {
		this.#db.run('DELETE FROM containers WHERE id = ?', id);
	}

	get(id: string): Container | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM containers WHERE id = ?`, id);
		return row && toContainer(row);
	}

	byName(name: string): Container | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM containers WHERE name = ?`, name);
		return row && toContainer(row);
	}

	/** DNS knows no case. */
	byNameIgnoringCase(name: string): Container | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM containers WHERE name = ? COLLATE NOCASE`, name);
		return row && toContainer(row);
	}

	/** At most two. */
	byIdPrefix(prefix: string): Container[] {
		const sql = `SELECT ${FIELDS} FROM containers WHERE id >= ? AND id < ? LIMIT 2`;
		return this.#db.all(sql, prefix, `${prefix}g`).map(toContainer);
	}

	/** Newest first. */
	list(): Container[] {
		return this.#db.all(`SELECT ${FIELDS} FROM containers ORDER BY created DESC, id`).map(toContainer);
	}

	/** Those whose run has parts on the host, as far as we know. */
	running(): Container[] {
		return this.#db.all(`SELECT ${FIELDS} FROM containers WHERE parts <> '[]'`).map(toContainer);
	}

	/** The parts of the current run, in the order of making. */
	parts(id: string): Part[] {
		const row = this.#db.get('SELECT parts FROM containers WHERE id = ?', id);
		return row ? JSON.parse(String(row.parts)) : [];
	}

	setParts(id: string, parts: readonly Part[]): void {
		this.#db.run('UPDATE containers SET parts = ? WHERE id = ?', JSON.stringify(parts), id);
	}
}

function toValues(container: Container): (string | number)[] {
	return [
		container.id,
		container.name,
		container.imageId,
		JSON.stringify(container.cmd),
		container.user,
		JSON.stringify(container.env),
		container.networkDriver,
		JSON.stringify(container.publicPorts),
		JSON.stringify(container.jailParam),
		JSON.stringify(container.mounts),
		container.restartPolicy,
		Number(container.persist),
		container.created,
		container.dataset,
		container.bandwidth,
		JSON.stringify(container.publishFrom),
	];
}

function toContainer(row: Row): Container {
	return {
		id: String(row.id),
		name: String(row.name),
		imageId: String(row.image_id),
		cmd: JSON.parse(String(row.cmd)),
		user: String(row.user),
		env: JSON.parse(String(row.env)),
		networkDriver: String(row.network_driver) as NetworkDriver,
		publicPorts: JSON.parse(String(row.public_ports)),
		jailParam: JSON.parse(String(row.jail_param)),
		mounts: JSON.parse(String(row.mounts)),
		restartPolicy: String(row.restart_policy) as RestartPolicy,
		persist: row.persist === 1,
		created: String(row.created),
		dataset: String(row.dataset),
		bandwidth: Number(row.bandwidth),
		publishFrom: JSON.parse(String(row.publish_from)),
	};
}
