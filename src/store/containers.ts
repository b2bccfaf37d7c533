import type { Health } from '#model/container/health.ts';
import type { ContainerOptions } from '#model/container/options.ts';
import type { Container, NetworkDriver, RestartPolicy, RunEnd } from '#model/container.ts';
import type { Part } from '#model/part.ts';
import type { Database } from './database.ts';
import { flag, integer, json, nullable, oneOf, Table, text } from './table.ts';

const CONTAINERS = new Table<Container>('containers', {
	id: text('id'),
	name: text('name'),
	imageId: text('image_id'),
	layer: text('layer'),
	cmd: json('cmd'),
	user: text('user'),
	env: json('env'),
	networkDriver: oneOf<NetworkDriver>('network_driver', ['ipnet', 'host', 'vnet', 'disabled']),
	publicPorts: json('public_ports'),
	publishFrom: json('publish_from'),
	jailParam: json('jail_param'),
	mounts: json('mounts'),
	restartPolicy: oneOf<RestartPolicy>('restart_policy', ['no', 'on-startup']),
	persist: flag('persist'),
	autoRemove: flag('auto_remove'),
	bandwidth: integer('bandwidth'),
	created: text('created'),
	dataset: text('dataset'),
	options: json<ContainerOptions | undefined>('options'),
	restarts: integer('restarts'),
	end: nullable(json<RunEnd>('run_end')),
});

export class ContainerStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	insert(container: Container): void {
		CONTAINERS.insert(this.#db, container);
	}

	/** Everything but id, image, creation time and files can change. */
	update(container: Container): void {
		const { name, cmd, user, env, jailParam, restartPolicy, persist, options = {}, id } = container;
		const changes = { name, cmd, user, env, jailParam, restartPolicy, persist, options };
		CONTAINERS.update(this.#db, changes, 'WHERE id = ?', id);
	}

	setEnd(id: string, end: RunEnd | null): void {
		CONTAINERS.update(this.#db, { end }, 'WHERE id = ?', id);
	}

	/** @param count since somebody started it */
	setRestarts(id: string, count: number): void {
		CONTAINERS.update(this.#db, { restarts: count }, 'WHERE id = ?', id);
	}

	/** Of the last run; undefined: it had no health check. */
	health(id: string): Health | undefined {
		const row = this.#db.get('SELECT state FROM health WHERE container_id = ?', id);
		return row && JSON.parse(String(row.state));
	}

	setHealth(id: string, health: Health): void {
		this.#db.run('INSERT OR REPLACE INTO health (container_id, state) VALUES (?, ?)', id, JSON.stringify(health));
	}

	forgetHealth(id: string): void {
		this.#db.run('DELETE FROM health WHERE container_id = ?', id);
	}

	delete(id: string): void {
		this.#db.run('DELETE FROM containers WHERE id = ?', id);
	}

	get(id: string): Container | undefined {
		return CONTAINERS.get(this.#db, 'WHERE id = ?', id);
	}

	byName(name: string): Container | undefined {
		return CONTAINERS.get(this.#db, 'WHERE name = ?', name);
	}

	/** DNS knows no case: several on different networks may have a name. */
	allByNameIgnoringCase(name: string): Container[] {
		return CONTAINERS.all(this.#db, 'WHERE name = ? COLLATE NOCASE ORDER BY id', name);
	}

	/** At most two. */
	byIdPrefix(prefix: string): Container[] {
		return CONTAINERS.all(this.#db, 'WHERE id >= ? AND id < ? LIMIT 2', prefix, `${prefix}g`);
	}

	/** Newest first. */
	list(): Container[] {
		return CONTAINERS.all(this.#db, 'ORDER BY created DESC, id');
	}

	/** Those whose run has parts on the host, as far as we know. */
	running(): Container[] {
		return CONTAINERS.all(this.#db, "WHERE parts <> '[]'");
	}

	/** Whether it is one of those. */
	isRunning(id: string): boolean {
		return this.#db.get("SELECT 1 FROM containers WHERE id = ? AND parts <> '[]'", id) !== undefined;
	}

	/** The parts of the current run, in the order of making. */
	parts(id: string): Part[] {
		const row = this.#db.get('SELECT parts FROM containers WHERE id = ?', id);
		return row ? JSON.parse(String(row.parts)) : [];
	}

	setLayer(id: string, layer: string): void {
		CONTAINERS.update(this.#db, { layer }, 'WHERE id = ?', id);
	}

	setParts(id: string, parts: readonly Part[]): void {
		this.#db.run('UPDATE containers SET parts = ? WHERE id = ?', JSON.stringify(parts), id);
	}
}
