import type { Image } from '#model/image.ts';
import type { Database, Row } from './database.ts';

const FIELDS = 'id, name, tag, cmd, env, user, instructions, created, dataset';

export class ImageStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	/** A nametag that another image holds is taken from it. */
	insert(image: Image): void {
		const { id, name, tag, cmd, env, user, instructions, created, dataset } = image;
		this.#db.transaction(() => {
			this.#release(name, tag);
			const lists = [JSON.stringify(cmd), JSON.stringify(env)];
			const sql = `INSERT INTO images (${FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
			this.#db.run(sql, id, name, tag, ...lists, user, JSON.stringify(instructions), created, dataset);
		});
	}

	setNametag(id: string, name: string, tag: string): void {
		this.#db.transaction(() => {
			this.#release(name, tag);
			this.#db.run('UPDATE images SET name = ?, tag = ? WHERE id = ?', name, tag, id);
		});
	}

	#release(name: string, tag: string): void {
		if (name !== '') this.#db.run("UPDATE images SET name = '', tag = '' WHERE name = ? AND tag = ?", name, tag);
	}

	delete(id: string): void {
		this.#db.run('DELETE FROM images WHERE id = ?', id);
	}

	get(id: string): Image | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM images WHERE id = ?`, id);
		return row && toImage(row);
	}

	byNametag(name: string, tag: string): Image | undefined {
		const row = this.#db.get(`SELECT ${FIELDS} FROM images WHERE name = ? AND tag = ?`, name, tag);
		return row && toImage(row);
	}

	/** At most two. */
	byIdPrefix(prefix: string): Image[] {
		return this.#db
			.all(`SELECT ${FIELDS} FROM images WHERE id >= ? AND id < ? LIMIT 2`, prefix, `${prefix}g`)
			.map(toImage);
	}

	/** Newest first. */
	list(): Image[] {
		return this.#db.all(`SELECT ${FIELDS} FROM images ORDER BY created DESC, id`).map(toImage);
	}

	containersOf(id: string): string[] {
		const rows = this.#db.all('SELECT id FROM containers WHERE image_id = ? ORDER BY created', id);
		return rows.map((row) => String(row.id));
	}
}

function toImage(row: Row): Image {
	return {
		id: String(row.id),
		name: String(row.name),
		tag: String(row.tag),
		cmd: JSON.parse(String(row.cmd)),
		env: JSON.parse(String(row.env)),
		user: String(row.user),
		instructions: JSON.parse(String(row.instructions)),
		created: String(row.created),
		dataset: String(row.dataset),
	};
}
