import { messageOf } from '#errors/kleene-error.ts';
import { networkText } from '#model/network.ts';
import type { ContainerStore } from '../containers.ts';
import type { Database } from '../database.ts';
import { type EndpointStore, endpointText } from '../endpoints.ts';
import type { ImageStore } from '../images.ts';
import type { LayerStore } from '../layers.ts';
import type { NetworkStore } from '../networks.ts';
import type { VolumeStore } from '../volumes.ts';
import type { RecordFiles } from './files.ts';
import { RECORD_KINDS, type RecordKind, type RecordKinds } from './records.ts';

/** Subject of a record. */
export interface RecordOf {
	readonly kind: RecordKind;
	/** Of volumes: their name. */
	readonly id: string;
}

/** Source of the records. */
interface Recorded {
	readonly identity: string;
	readonly networks: NetworkStore;
	readonly endpoints: EndpointStore;
	readonly containers: ContainerStore;
	readonly layers: LayerStore;
	readonly images: ImageStore;
	readonly volumes: VolumeStore;
}

export interface MirrorLog {
	warn(fields: object, message: string): void;
}

/** Tables, and which record a row of theirs is in: column with its id. */
const TABLES: readonly (readonly [table: string, kind: RecordKind, column: string])[] = [
	['networks', 'networks', 'id'],
	['layers', 'layers', 'id'],
	['images', 'images', 'id'],
	['volumes', 'volumes', 'name'],
	['containers', 'containers', 'id'],
	['endpoints', 'containers', 'container_id'],
];

/**
 * Keeps the records like the database, from `begin` on: till then it may turn out that the database is the wrong one. What
 * a transaction touches is noted by triggers in the same transaction, and written soon after it: a record may be late by a
 * moment, and is mended by the next `begin`. Where it cannot be written the database goes on without.
 */
export class Mirror {
	readonly #db: Database;
	readonly #store: Recorded;
	readonly #files: RecordFiles;
	readonly #log: MirrorLog;
	#begun = false;
	#due = false;
	#failing = false;

	constructor(db: Database, { store, files, log }: { store: Recorded; files: RecordFiles; log: MirrorLog }) {
		this.#db = db;
		this.#store = store;
		this.#files = files;
		this.#log = log;
		db.define(triggers());
		db.onChange(() => this.#later());
	}

	begin(): void {
		this.#begun = true;
		this.#files.removeUnfinished();
		for (const [table, kind, column] of TABLES)
			this.#db.run(`INSERT OR IGNORE INTO temp.touched SELECT '${kind}', ${column} FROM ${table}`);
		this.flush();
	}

	#later(): void {
		if (this.#due || !this.#begun) return;
		this.#due = true;
		setImmediate(() => void this.#writeTouched());
	}

	/** One after the other, in the background: a disk that is slow holds up nobody but the records. */
	async #writeTouched(): Promise<void> {
		try {
			for (let one = this.#takeTouched(); one; one = this.#takeTouched()) await this.#writeInBackground(one);
			this.#failing = false;
		} catch (error) {
			this.#report(error);
		} finally {
			this.#due = false;
		}
	}

	/** With its record as it is now: if it changes while that is being written, it is touched again. */
	#takeTouched(): (RecordOf & { readonly record: RecordKinds[RecordKind] | undefined }) | undefined {
		const row = this.#db.isOpen ? this.#db.get('SELECT kind, id FROM temp.touched LIMIT 1') : undefined;
		if (!row) return undefined;
		const [kind, id] = [row.kind as RecordKind, String(row.id)];
		const record = this.#recordOf(kind, id);
		this.#forget(kind, id);
		return { kind, id, record };
	}

	async #writeInBackground({ kind, id, record }: RecordOf & { record: RecordKinds[RecordKind] | undefined }) {
		try {
			await this.#files.replace(kind, id, record);
		} catch (error) {
			if (this.#db.isOpen) this.#db.run('INSERT OR IGNORE INTO temp.touched VALUES (?, ?)', kind, id);
			throw error;
		}
	}

	/** Writes what was touched, at once. */
	flush(): void {
		if (!this.#begun || !this.#db.isOpen) return;
		const due = this.#due;
		this.#due = true;
		try {
			this.#files.writeIdentity(this.#store.identity);
			for (const { kind, id } of this.#db.all('SELECT kind, id FROM temp.touched'))
				this.#write(kind as RecordKind, String(id));
			this.#failing = false;
		} catch (error) {
			this.#report(error);
		} finally {
			// What was written here changed nothing.
			this.#due = due;
		}
	}

	#report(error: unknown): void {
		if (!this.#failing) this.#log.warn({ error: messageOf(error) }, 'cannot write records of the database');
		this.#failing = true;
	}

	#write(kind: RecordKind, id: string): void {
		const record = this.#recordOf(kind, id);
		if (record) this.#files.write(kind, id, record as never);
		else this.#files.remove(kind, id);
		this.#forget(kind, id);
	}

	#forget(kind: RecordKind, id: string): void {
		this.#db.run('DELETE FROM temp.touched WHERE kind = ? AND id = ?', kind, id);
	}

	#recordOf(kind: RecordKind, id: string): RecordKinds[RecordKind] | undefined {
		const { networks, layers, images, volumes, containers, endpoints } = this.#store;
		switch (kind) {
			case 'networks': {
				const network = networks.get(id);
				return network && { network: networkText(network), held: endpoints.heldByNone(id) };
			}
			case 'layers': {
				const layer = layers.get(id);
				return layer && { layer };
			}
			case 'images': {
				const image = images.get(id);
				return image && { image };
			}
			case 'volumes': {
				const volume = volumes.get(id);
				return volume && { volume };
			}
			case 'containers': {
				const container = containers.get(id);
				const texts = endpoints.ofContainer(id).map(endpointText);
				return container && { container, endpoints: texts, parts: containers.parts(id) };
			}
		}
	}

	/** Recorded objects that the database does not list. */
	unknown(): RecordOf[] {
		return RECORD_KINDS.flatMap((kind) =>
			this.#files.ids(kind).flatMap((id) => (this.#recordOf(kind, id) ? [] : [{ kind, id }])),
		);
	}
}

function triggers(): string {
	const note = (kind: RecordKind, id: string) => `INSERT OR IGNORE INTO touched VALUES ('${kind}', ${id});`;
	const statements = TABLES.flatMap(([table, kind, column]) =>
		(['INSERT', 'UPDATE', 'DELETE'] as const).map((event) => {
			const row = event === 'DELETE' ? 'OLD' : 'NEW';
			return `CREATE TEMP TRIGGER touch_${table}_${event} AFTER ${event} ON main.${table}
				BEGIN ${note(kind, `${row}.${column}`)} END;`;
		}),
	);
	const table = 'CREATE TEMP TABLE touched (kind TEXT, id TEXT, PRIMARY KEY (kind, id)) WITHOUT ROWID;';
	return ['PRAGMA temp_store = MEMORY;', table, ...statements].join('\n');
}
