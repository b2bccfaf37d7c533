import type { Volume } from '#model/volume.ts';
import type { Database, Row } from './database.ts';

const FIELDS = 'name, created, dataset';

/** Volumes, and which containers mount them. */
export class VolumeStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	insert({ name, created, dataset }: Volume): void {
		this.#db.run(`INSERT INTO volumes (${FIELDS}) VALUES (?, ?, ?)`, name, created, dataset);
	}

	/** Fails while a container mounts it. */
	delete(name: string): void {
		this.#db.run('DELETE FROM volumes WHERE name = ?', name);
	}

	get(name: string): Volume | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM volumes WHERE name = ?`, name);
		return row && toVolume(row);
	}

	/** Newest first. */
	list(): Volume[] {
		return this.#db.all(`SELECT ${FIELDS} FROM volumes ORDER BY created DESC, name`).map(toVolume);
	}

	/** Those that no container mounts, oldest first. */
	unused(): Volume[] {
		const used = 'SELECT 1 FROM volume_users u WHERE u.volume = v.name';
		const sql = `SELECT ${FIELDS} FROM volumes v WHERE NOT EXISTS (${used}) ORDER BY created, name`;
		return this.#db.all(sql).map(toVolume);
	}

	/** Until the container is deleted. */
	addUser(name: string, containerId: string): void {
		this.#db.run('INSERT INTO volume_users (volume, container_id) VALUES (?, ?)', name, containerId);
	}

	/** Ids of the containers that mount it, running or not. */
	usersOf(name: string): string[] {
		const sql = 'SELECT container_id FROM volume_users WHERE volume = ? ORDER BY container_id';
		return this.#db.all(sql, name).map((row) => String(row.container_id));
	}
}

function toVolume(row: Row): Volume {
	return { name: String(row.name), created: String(row.created), dataset: String(row.dataset) };
}
