import type { Volume } from '#model/volume.ts';
import type { Database } from './database.ts';
import { Table, text } from './table.ts';

const VOLUMES = new Table<Volume>('volumes', {
	name: text('name'),
	created: text('created'),
	dataset: text('dataset'),
});

/** Volumes, and which containers mount them. */
export class VolumeStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	insert(volume: Volume): void {
		VOLUMES.insert(this.#db, volume);
	}

	/** Fails while a container mounts it. */
	delete(name: string): void {
		this.#db.run('DELETE FROM volumes WHERE name = ?', name);
	}

	get(name: string): Volume | undefined {
		return VOLUMES.get(this.#db, 'WHERE name = ?', name);
	}

	/** Newest first. */
	list(): Volume[] {
		return VOLUMES.all(this.#db, 'ORDER BY created DESC, name');
	}

	/** Those that no container mounts, oldest first. */
	unused(): Volume[] {
		const used = 'SELECT 1 FROM volume_users WHERE volume = volumes.name';
		return VOLUMES.all(this.#db, `WHERE NOT EXISTS (${used}) ORDER BY created, name`);
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
