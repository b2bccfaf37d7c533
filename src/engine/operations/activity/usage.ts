import type { ContainerUsage } from '#model/activity/usage.ts';
import { hostEnd } from '#model/cable.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer } from '../../identify.ts';
import type { Runs } from '../container/runs.ts';

/** `at`: time of the measurement, in milliseconds since 1970. */
export type NamedUsage = ContainerUsage & { readonly name: string; readonly at: number };

export class UsageOperations {
	readonly #context: EngineContext;
	readonly #runs: Runs;

	constructor(context: EngineContext, runs: Runs) {
		this.#context = context;
		this.#runs = runs;
	}

	/** @param identifiers none: all running containers; those that do not run are left out */
	async measure(identifiers: readonly string[]): Promise<NamedUsage[]> {
		const { store, driver } = this.#context;
		const asked = identifiers.map((one) => findContainer(store, one));
		const containers = (asked.length > 0 ? asked : store.containers.list()).filter(({ id }) =>
			this.#runs.isRunning(id),
		);
		const names = new Map(containers.map(({ id, name }) => [id, name]));
		const requests = containers.map(({ id, networkDriver }) => ({
			container: id,
			ownStack: networkDriver !== 'host',
			cables: store.endpoints.ofContainer(id).flatMap(({ epair }) => (epair === null ? [] : [hostEnd(epair)])),
		}));
		const usages = await driver.activity.usage(requests);
		const at = Date.now();
		return usages.map((usage) => ({ ...usage, name: names.get(usage.container) ?? '', at }));
	}
}
