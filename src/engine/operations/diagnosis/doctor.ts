import { messageOf } from '#errors/kleene-error.ts';
import { isCompared, isOf } from '#model/part.ts';
import type { EngineContext } from '../../context.ts';
import { containerLock, type LockKey, NETWORKS, networkLock } from '../../locks.ts';
import { examine } from '../../plan/doctor/doctor.ts';
import { type Examination, type Finding, isSame } from '../../plan/doctor/finding.ts';
import { partsOfNetwork } from '../../plan/network/network.ts';
import { forgetMismatched } from '../../restoration.ts';

/** Numbers of objects examined. */
export interface Extent {
	readonly networks: number;
	readonly containers: number;
	readonly parts: number;
}

export interface Diagnosis {
	readonly findings: readonly Finding[];
	readonly extent: Extent;
}

export interface RepairOutcome extends Diagnosis {
	/** Findings that were repaired. `findings` are those that are left. */
	readonly repaired: readonly Finding[];
	/** Errors of steps that failed. */
	readonly failures: readonly string[];
}

/** Finds what is wrong with the networks of the host, and puts it right. */
export class DoctorOperations {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	async examine(): Promise<Diagnosis> {
		const examination = await this.#examination();
		const { networks, runs } = examination;
		const parts = [...networks, ...runs].reduce((sum, { parts }) => sum + parts.filter(isCompared).length, 0);
		return { findings: examine(examination), extent: { networks: networks.length, containers: runs.length, parts } };
	}

	/** The store and the host at one moment: nothing is awaited between the looks at the two. */
	async #examination(): Promise<Examination> {
		const { store, driver, seen } = this.#context;
		const networks = store.networks.list().map((network) => ({
			network,
			parts: partsOfNetwork(network, seen),
			endpoints: store.endpoints.ofNetwork(network.id),
		}));
		const runs = store.containers.running().map(({ id, name }) => ({ id, name, parts: store.containers.parts(id) }));
		const names = new Map(store.containers.list().map(({ id, name }) => [id, name]));
		const inFlight = store.journal.unfinished().flatMap(({ steps }) => steps.map(({ part }) => part));
		const expected = [...networks, ...runs].flatMap(({ parts }) => parts).filter(isCompared);
		const observed = await driver.observe('everything', expected);
		return { networks, runs, names, inFlight, observed, traits: seen.traits };
	}

	/** Steps of a finding as host commands. */
	describe({ steps }: Finding): string[] {
		return this.#context.executor.describe(steps);
	}

	/**
	 * One finding after the other, each looked for again under the locks of those it concerns: what has gone meanwhile is
	 * left alone. Running containers are not disturbed beyond the parts that are wrong.
	 */
	async repair(): Promise<RepairOutcome> {
		const before = await this.examine();
		const failures: string[] = [];
		for (const finding of before.findings)
			if (finding.steps.length > 0) failures.push(...(await this.#repairOne(finding)));
		const restored = before.findings.some(({ steps }) => steps.some(({ part }) => isOf('firewall', part)));
		if (restored) forgetMismatched(this.#context);
		const { findings, extent } = await this.examine();
		const repaired = before.findings.filter((one) => !findings.some((left) => isSame(one, left)));
		return { findings, extent, repaired, failures };
	}

	#repairOne(finding: Finding): Promise<string[]> {
		return this.#context.locks.runAll(locksOfRepair(finding), async () => {
			const current = examine(await this.#examination()).find((one) => isSame(one, finding));
			if (!current) return [];
			const { executor, events } = this.#context;
			try {
				// As a teardown: every step is tried, and a daemon that dies in it goes on with it instead of undoing it.
				await executor.teardown({ subject: `repair of ${current.subject}`, chains: [current.steps], done: [] });
				events.tell({ kind: 'finding-repaired', subject: current.subject, found: current.what });
				return [];
			} catch (error) {
				return [`${current.what}: ${messageOf(error)}`];
			}
		});
	}
}

/** While that is repaired which belongs to nobody, no network is made. */
function locksOfRepair({ owners }: Finding): LockKey[] {
	if (owners.length === 0) return [NETWORKS];
	return owners.map(({ kind, id }) => (kind === 'network' ? networkLock(id) : containerLock(id)));
}
