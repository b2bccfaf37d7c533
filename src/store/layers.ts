import type { Layer } from '#model/layer.ts';
import type { Database } from './database.ts';
import { integer, nullable, Table, text } from './table.ts';

const LAYERS = new Table<Layer>('layers', {
	id: text('id'),
	parent: nullable(text('parent')),
	diffId: text('diff_id'),
	cacheKey: text('cache_key'),
	size: nullable(integer('size')),
	created: text('created'),
});

/** Whether anything uses layer 1, apart from image 2, container 3 and layer 4. */
const IN_USE = `SELECT EXISTS (SELECT 1 FROM images WHERE layer = ?1 AND id <> ?2)
	OR EXISTS (SELECT 1 FROM containers WHERE layer = ?1 AND id <> ?3)
	OR EXISTS (SELECT 1 FROM layers WHERE parent = ?1 AND id <> ?4) AS used`;

/** Objects that are about to be removed, and no longer use layers. */
export interface Leaving {
	/** Ids. */
	readonly image?: string;
	readonly container?: string;
}

/** Layers, and what uses them: images, containers, and the layers above. */
export class LayerStore {
	readonly #db: Database;

	constructor(db: Database) {
		this.#db = db;
	}

	insert(layer: Layer): void {
		LAYERS.insert(this.#db, layer);
	}

	delete(id: string): void {
		this.#db.run('DELETE FROM layers WHERE id = ?', id);
	}

	get(id: string): Layer | undefined {
		return LAYERS.get(this.#db, 'WHERE id = ?', id);
	}

	/** One that has a digest keeps it: the archive that it came as need not be the one that it is packed as. */
	setDiffId(id: string, diffId: string): void {
		LAYERS.update(this.#db, { diffId }, "WHERE id = ? AND diff_id = ''", id);
	}

	setSize(id: string, size: number): void {
		LAYERS.update(this.#db, { size }, 'WHERE id = ?', id);
	}

	/** Those below others come first. */
	list(): Layer[] {
		return LAYERS.all(this.#db, 'ORDER BY created, id');
	}

	/** A layer and all below it, the top one first. */
	chain(top: string): Layer[] {
		const below = `WITH RECURSIVE chain(id, depth) AS (
			SELECT ?, 0 UNION ALL SELECT parent, depth + 1 FROM chain JOIN layers USING (id) WHERE parent IS NOT NULL
		) SELECT id FROM chain ORDER BY depth`;
		return this.#db.all(below, top).flatMap(({ id }) => this.get(String(id)) ?? []);
	}

	/** Their ids. */
	chainIds(top: string): string[] {
		return this.chain(top).map(({ id }) => id);
	}

	/** The layer that an archive with this digest made on top of another one. @param parent null: at the bottom */
	byDiff(parent: string | null, diffId: string): Layer | undefined {
		return LAYERS.get(this.#db, "WHERE parent IS ? AND diff_id = ? AND diff_id <> ''", parent, diffId);
	}

	/** The layer that a build step with this key made on top of another one, the newest one. */
	byCacheKey(parent: string | null, cacheKey: string): Layer | undefined {
		const tail = "WHERE parent IS ? AND cache_key = ? AND cache_key <> '' ORDER BY created DESC LIMIT 1";
		return LAYERS.get(this.#db, tail, parent, cacheKey);
	}

	/** Ids of those that nothing uses: no image, no container and no layer above. */
	unused(): string[] {
		return this.list()
			.map(({ id }) => id)
			.filter((id) => this.isUnused(id));
	}

	isUnused(id: string): boolean {
		return this.#db.get(IN_USE, id, '', '', '')?.used === 0;
	}

	/**
	 * Ids of the layers of a chain that nothing uses once some objects are gone, the top one first.
	 *
	 * @param isKept layers that stay nonetheless, and those below them
	 */
	freedBy(top: string, { image = '', container = '' }: Leaving, isKept: (id: string) => boolean): string[] {
		const freed: string[] = [];
		for (const { id } of this.chain(top)) {
			const used = this.#db.get(IN_USE, id, image, container, freed.at(-1) ?? '')?.used;
			if (used === 1 || isKept(id)) break;
			freed.push(id);
		}
		return freed;
	}
}
