import { ContainerStore } from './containers.ts';
import { Database } from './database.ts';
import { EndpointStore } from './endpoints.ts';
import { ImageStore } from './images.ts';
import { JournalStore } from './journal.ts';
import { NetworkStore } from './networks.ts';
import { VolumeStore } from './volumes.ts';

/** Desired state, and the plans under way. One daemon, one store. */
export class Store {
	readonly #db: Database;
	readonly networks: NetworkStore;
	readonly endpoints: EndpointStore;
	readonly containers: ContainerStore;
	readonly images: ImageStore;
	readonly volumes: VolumeStore;
	readonly journal: JournalStore;

	private constructor(db: Database) {
		this.#db = db;
		this.networks = new NetworkStore(db);
		this.endpoints = new EndpointStore(db);
		this.containers = new ContainerStore(db);
		this.images = new ImageStore(db);
		this.volumes = new VolumeStore(db);
		this.journal = new JournalStore(db);
	}

	/** @param root directory; created with mode 700 where it is missing. */
	static open(root: string): Store {
		return new Store(Database.open(root));
	}

	/** For tests of what stands on a store. */
	static inMemory(): Store {
		return new Store(new Database(':memory:'));
	}

	/** 8 hex digits, the same for as long as the database lives. */
	get identity(): string {
		return this.#db.identity;
	}

	transaction<T>(work: () => T): T {
		return this.#db.transaction(work);
	}

	/** Result of `work`, whose writes are rolled back. `work` must be synchronous: others use this store. */
	dryRun<T>(work: () => T): T {
		return this.#db.dryRun(work);
	}

	close(): void {
		this.#db.close();
	}
}
