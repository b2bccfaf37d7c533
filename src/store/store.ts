import { join } from 'node:path';
import { ContainerStore } from './containers.ts';
import { Database } from './database.ts';
import { EndpointStore } from './endpoints.ts';
import { isFull } from './failures.ts';
import { ImageStore } from './images.ts';
import { JournalStore } from './journal.ts';
import { LayerStore } from './layers.ts';
import { NetworkStore } from './networks.ts';
import { RecordFiles } from './records/files.ts';
import { Mirror, type MirrorLog, type RecordOf } from './records/mirror.ts';
import type { RecordKind } from './records/records.ts';
import { Reserve } from './reserve.ts';
import { VolumeStore } from './volumes.ts';

/** Milliseconds until the reserve is taken again, if there is room by then. */
const REFILL = 5000;

/** Name of the database in the root directory. */
export const DATABASE = 'metadata.sqlite';

const SILENT: MirrorLog = { warn() {} };

/** Desired state, and the plans under way. One daemon, one store. */
export class Store {
	readonly #db: Database;
	readonly networks: NetworkStore;
	readonly endpoints: EndpointStore;
	readonly containers: ContainerStore;
	readonly images: ImageStore;
	readonly layers: LayerStore;
	readonly volumes: VolumeStore;
	readonly journal: JournalStore;
	#reserve: Reserve | undefined;
	#records: { readonly files: RecordFiles; readonly mirror: Mirror } | undefined;

	private constructor(db: Database) {
		this.#db = db;
		this.networks = new NetworkStore(db);
		this.endpoints = new EndpointStore(db);
		this.containers = new ContainerStore(db);
		this.images = new ImageStore(db);
		this.layers = new LayerStore(db);
		this.volumes = new VolumeStore(db);
		this.journal = new JournalStore(db);
	}

	/** With its records. @param root directory; created with mode 700 where it is missing. */
	static open(root: string, log = SILENT): Store {
		const files = new RecordFiles(root);
		const reserve = new Reserve(root);
		const open = () => Database.open(join(root, DATABASE), files.identity);
		const db = withReserve(reserve, open);
		const store = new Store(db);
		store.#reserve = reserve;
		store.#records = { files, mirror: new Mirror(db, { store, files, log }) };
		return store;
	}

	/** A database at any place, without records. @param identity that a new one is to have */
	static openFile(file: string, identity?: string): Store {
		return new Store(Database.open(file, identity));
	}

	/** For tests of what stands on a store. */
	static inMemory(): Store {
		return new Store(new Database(':memory:'));
	}

	/** 8 hex digits, the same for as long as the database lives. */
	get identity(): string {
		return this.#db.identity;
	}

	/** From now on every object of the database has its record. */
	keepRecords(): void {
		this.#records?.mirror.begin();
		this.urgently(() => this.#db.takeRoom());
		this.#reserve?.fill();
	}

	/**
	 * For what makes room. Where the disk is full, the reserve is given up for it.
	 *
	 * @param work a transaction, which may be tried twice
	 */
	urgently<T>(work: () => T): T {
		const reserve = this.#reserve;
		if (!reserve) return work();
		return withReserve(reserve, work, () => setTimeout(() => reserve.fill(), REFILL).unref());
	}

	/** Recorded objects that the database does not list. */
	unknownRecords(): readonly RecordOf[] {
		return this.#records?.mirror.unknown() ?? [];
	}

	/** Puts a record of something unknown beside the files that were found of it, or away where there are none. */
	loseRecord({ kind, id }: RecordOf, found: boolean): void {
		if (found) this.#records?.files.lose(kind, id);
		else this.#records?.files.remove(kind, id);
	}

	/** Ids of lost objects of which there are records. */
	lostRecords(kind: RecordKind): string[] {
		return this.#records?.files.lost(kind) ?? [];
	}

	discardLost(record: RecordOf): void {
		this.#records?.files.discardLost(record.kind, record.id);
	}

	transaction<T>(work: () => T): T {
		return this.#db.transaction(work);
	}

	/** Result of `work`, whose writes are rolled back. `work` must be synchronous: others use this store. */
	dryRun<T>(work: () => T): T {
		return this.#db.dryRun(work);
	}

	/** Writes a copy of the whole database, as it is at this moment. @param file that does not exist yet */
	copyTo(file: string): void {
		this.#db.copyTo(file);
	}

	/** The same in memory. */
	copy(): Uint8Array {
		return this.#db.copy();
	}

	close(): void {
		this.#records?.mirror.flush();
		this.#db.close();
	}
}

function withReserve<T>(reserve: Reserve, work: () => T, onRelease: () => unknown = () => {}): T {
	try {
		return work();
	} catch (error) {
		if (!isFull(error)) throw error;
		reserve.release();
		onRelease();
		return work();
	}
}
