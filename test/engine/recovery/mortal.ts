/** A host that outlives its daemons, and a root directory that one after the other has. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '#engine/engine.ts';
import { FakeHost } from '#host/fake/driver.ts';
import { Store } from '#store/store.ts';
import { SILENT } from '../fixture.ts';
import { Life } from './life.ts';

/** Where a database need not wait for a disk. */
const MEMORY = '/dev/shm';

export interface Daemon {
	readonly engine: Engine;
	readonly store: Store;
	readonly host: FakeHost;
	readonly life: Life;
}

export class MortalWorld {
	readonly root = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'kleene-mortal-'));
	readonly host = new FakeHost();
	#daemon: Daemon | undefined;

	/** @param changes that it makes before it dies; absent: it lives on. Its start may not come to its end. */
	async start(changes = Number.POSITIVE_INFINITY): Promise<Daemon> {
		this.#bury();
		const life = new Life(Number.POSITIVE_INFINITY);
		const store = life.own(() => Store.open(this.root));
		const engine = new Engine(store, life.on(this.host), SILENT);
		this.#daemon = { engine, store, host: this.host, life };
		life.dieAfter(changes);
		await Promise.race([engine.start(), life.died]);
		return this.#daemon;
	}

	#bury(): void {
		this.#daemon?.life.die();
		this.#daemon?.store.close();
		this.#daemon = undefined;
	}

	close(): void {
		this.#bury();
		rmSync(this.root, { recursive: true, force: true });
	}
}
