import type { Image } from '#model/image.ts';
import type { Database } from './database.ts';
import { json, Table, text } from './table.ts';

const IMAGES = new Table<Image>('images', {
	id: text('id'),
	name: text('name'),
	tag: text('tag'),
	layer: text('layer'),
	config: json('config'),
	history: json('history'),
	digest: text('digest'),
	created: text('created'),
	dataset: text('dataset'),
});

export class ImageStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	/** A nametag that another image holds is taken from it. */
	insert(image: Image): void {
		this.#db.transaction(() => {
			this.#release(image.name, image.tag);
			IMAGES.insert(this.#db, image);
		});
	}

	setNametag(id: string, name: string, tag: string): void {
		this.#db.transaction(() => {
			this.#release(name, tag);
			IMAGES.update(this.#db, { name, tag }, 'WHERE id = ?', id);
		});
	}

	setDigest(id: string, digest: string): void {
		IMAGES.update(this.#db, { digest }, 'WHERE id = ?', id);
	}

	#release(name: string, tag: string): void {
		if (name === '') return;
		IMAGES.update(this.#db, { name: '', tag: '' }, 'WHERE name = ? AND tag = ?', name, tag);
	}

	delete(id: string): void {
		this.#db.run('DELETE FROM images WHERE id = ?', id);
	}

	get(id: string): Image | undefined {
		return IMAGES.get(this.#db, 'WHERE id = ?', id);
	}

	byNametag(name: string, tag: string): Image | undefined {
		return IMAGES.get(this.#db, 'WHERE name = ? AND tag = ?', name, tag);
	}

	/** At most two. */
	byIdPrefix(prefix: string): Image[] {
		return IMAGES.all(this.#db, 'WHERE id >= ? AND id < ? LIMIT 2', prefix, `${prefix}g`);
	}

	/** Those with this top layer, newest first. */
	ofLayer(layer: string): Image[] {
		return IMAGES.all(this.#db, 'WHERE layer = ? ORDER BY created DESC, id', layer);
	}

	/** Newest first. */
	list(): Image[] {
		return IMAGES.all(this.#db, 'ORDER BY created DESC, id');
	}

	containersOf(id: string): string[] {
		const rows = this.#db.all('SELECT id FROM containers WHERE image_id = ? ORDER BY created', id);
		return rows.map((row) => String(row.id));
	}
}
