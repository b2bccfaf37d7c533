/** A host that outlives its daemons, and a root directory that one after the other has. */
import { cpSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Engine } from '#engine/engine.ts';
import type { HostFacts } from '#host/driver.ts';
import { FakeHost } from '#host/fake/driver.ts';
import { FakeProcess } from '#host/fake/process.ts';
import { Store } from '#store/store.ts';
import { SILENT } from '#test/engine/fixture.ts';
import { Life } from './life.ts';

/** Where a database need not wait for a disk. */
const MEMORY = '/dev/shm';

/** What planning depends on, as on the two systems. */
export const SYSTEMS = {
	linux: { limits: { learnedAddresses: 10, connections: 100, questions: 10, processes: 100 } },
	freebsd: {
		...{ os: 'freebsd', ipnetHasEpair: false, batches: true, jailParameters: 'native' },
		...{ innerNames: 'unit', names: 'hosts-file', checksSources: false, limitsRates: false },
	},
} as const satisfies Record<HostFacts['os'], Partial<HostFacts>>;

export type System = keyof typeof SYSTEMS;

export interface Daemon {
	readonly engine: Engine;
	readonly store: Store;
	readonly host: FakeHost;
	readonly life: Life;
	/** Messages that it has logged as errors or warnings. */
	readonly errors: string[];
}

/** An interface of the host that nothing uses. */
export const FREE = { name: 'em1', type: '', up: true, mac: '02:00:00:00:00:e1', mtu: 1500, bridge: '', addresses: [] };

export class MortalWorld {
	readonly root = mkdtempSync(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'kleene-mortal-'));
	readonly host: FakeHost;
	readonly #system: System;
	#daemon: Daemon | undefined;

	constructor(system: System) {
		this.#system = system;
		this.host = new FakeHost(SYSTEMS[system]);
		this.host.foreign.push(FREE);
	}

	/** Another one in the same state, with processes of its own. This one has no daemon afterwards. */
	copy(): MortalWorld {
		this.#bury();
		const copy = new MortalWorld(this.#system);
		cpSync(this.root, copy.root, { recursive: true });
		for (const [identity, part] of this.host.parts) copy.host.parts.set(identity, part);
		for (const [identity, files] of this.host.lost) copy.host.lost.set(identity, files);
		for (const container of this.host.processes.keys()) copy.host.processes.set(container, new FakeProcess());
		return copy;
	}

	/** @param changes that it makes before it dies; absent: it lives on. Its start may not come to its end. */
	async start(changes = Number.POSITIVE_INFINITY): Promise<Daemon> {
		this.#bury();
		// A connection that its predecessor lost.
		this.host.loseAt = Number.POSITIVE_INFINITY;
		this.host.reconnect();
		const life = new Life(Number.POSITIVE_INFINITY);
		const store = life.own(() => Store.open(this.root));
		const errors: string[] = [];
		const note = (_: object, message: string) => void errors.push(message);
		const log = { ...SILENT, warn: note, error: note };
		const engine = new Engine(store, life.on(this.host), log);
		this.#daemon = { engine, store, host: this.host, life, errors };
		life.dieAfter(changes);
		await life.within(engine.start());
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
