import type { Container } from '#model/container.ts';
import type { Endpoint } from '#model/endpoint.ts';
import type { Part, PublishedPortsPart } from '#model/part.ts';
import { make, unmakeAll } from '#model/step.ts';
import type { EngineContext } from '../context.ts';
import type { Attachment } from '../plan/endpoint.ts';
import { partsOfPorts } from '../plan/ports.ts';
import { partsOfOneEndpoint, withoutSecondDefault } from '../plan/run.ts';
import { portsAmong, type RunPlanner } from '../run-planner.ts';
import type { Runs } from './runs.ts';

/**
 * Connecting and disconnecting containers that run. A stopped one has nothing on the host, so for it these do nothing.
 * Callers hold the lock of the container.
 */
export class LiveEndpoints {
	readonly #context: EngineContext;
	readonly #planner: RunPlanner;
	readonly #runs: Runs;

	constructor(context: EngineContext, planner: RunPlanner, runs: Runs) {
		this.#context = context;
		this.#planner = planner;
		this.#runs = runs;
	}

	async attach(container: Container, endpoint: Endpoint): Promise<void> {
		if (!this.#runs.isRunning(container.id)) return;
		const { store, executor } = this.#context;
		const before = store.containers.parts(container.id);
		const parts = this.#partsOfNew(container, endpoint);
		const record = () => store.containers.setParts(container.id, insertBeforeSandbox(before, parts));
		try {
			await executor.build({ subject: `endpoint ${endpoint.id}`, steps: parts.map(make) }, record);
		} catch (error) {
			const current = store.endpoints.get(endpoint.id);
			if (current) this.#planner.forgetUnit(current);
			throw error;
		}
		await this.#followPorts(container);
	}

	describeAttach(container: Container, endpoint: Endpoint): string[] {
		if (!this.#runs.isRunning(container.id)) return [];
		const parts = this.#partsOfNew(container, endpoint);
		for (const part of parts) if (part.kind === 'epair') this.#planner.returnUnit(part.unit);
		return this.#context.executor.describe(parts.map(make));
	}

	async detach(endpoint: Endpoint): Promise<void> {
		const { store, executor } = this.#context;
		const current = store.endpoints.get(endpoint.id);
		if (!current || current.epair === null || !this.#runs.isRunning(endpoint.containerId)) return;
		const parts = store.containers.parts(endpoint.containerId);
		const leaving = partsOfOneEndpoint(parts, current.epair);
		const container = store.containers.get(endpoint.containerId);
		// Ports first: what comes in by them must not reach an address that somebody else may get.
		if (container) await this.#followPorts(container, endpoint);
		const staying = store.containers.parts(endpoint.containerId).filter((part) => !isAmong(part, leaving));
		await executor.teardown({ subject: `endpoint ${endpoint.id}`, steps: unmakeAll(leaving) }, () => {
			store.containers.setParts(endpoint.containerId, staying);
			this.#planner.forgetUnit(current);
		});
	}

	/** The parts of an endpoint that joins a running container. It never takes over a default route that is there. */
	#partsOfNew(container: Container, endpoint: Endpoint): Part[] {
		const present = this.#context.store.containers.parts(container.id);
		const sandbox = present.find((part) => part.kind === 'sandbox');
		if (sandbox?.kind !== 'sandbox') throw new Error(`container ${container.id} runs without a sandbox`);
		const attachments = [...this.#attachments(container, endpoint), this.#planner.attachmentOf(endpoint)];
		const unportedContainer = { ...container, publicPorts: [] };
		const from = { attachments, spec: sandbox.spec, addresses: new Map() };
		const all = this.#planner.partsFor(unportedContainer, from);
		return withoutSecondDefault(partsOfOneEndpoint(all, attachments.at(-1)!.unit), present);
	}

	#attachments(container: Container, without?: Endpoint): Attachment[] {
		const endpoints = this.#context.store.endpoints.ofContainer(container.id);
		return endpoints.filter(({ id }) => id !== without?.id).map((one) => this.#planner.attachmentOf(one));
	}

	/** Published ports lead to the first endpoint that can take them, which may be another one now. */
	async #followPorts(container: Container, without?: Endpoint): Promise<void> {
		if (container.publicPorts.length === 0) return;
		const { store, executor } = this.#context;
		const addresses = await this.#planner.addressesFor(container);
		const wanted = partsOfPorts(container, this.#attachments(container, without), addresses);
		const present = store.containers.parts(container.id);
		const leaving = portsAmong(present).filter((part) => !isAmong(part, wanted));
		const joining = wanted.filter((part) => !isAmong(part, present));
		if (leaving.length > 0) await this.#withdraw(container, leaving);
		if (joining.length === 0) return;
		this.#planner.claim(joining);
		const record = () => {
			const now = store.containers.parts(container.id);
			store.containers.setParts(container.id, insertBeforeSandbox(now, joining));
		};
		const subject = `ports of container ${container.id}`;
		await executor.build({ subject, steps: joining.map(make) }, record);
	}

	async #withdraw(container: Container, leaving: readonly PublishedPortsPart[]): Promise<void> {
		const { store, executor } = this.#context;
		const staying = store.containers.parts(container.id).filter((part) => !isAmong(part, leaving));
		await executor.teardown({ subject: `ports of container ${container.id}`, steps: unmakeAll(leaving) }, () => {
			store.containers.setParts(container.id, staying);
			this.#planner.release(leaving);
		});
	}
}

function isAmong(part: Part, parts: readonly Part[]): boolean {
	const text = JSON.stringify(part);
	return parts.some((other) => JSON.stringify(other) === text);
}

function insertBeforeSandbox(parts: readonly Part[], more: readonly Part[]): Part[] {
	const at = parts.findIndex((part) => part.kind === 'sandbox');
	return parts.toSpliced(at === -1 ? parts.length : at, 0, ...more);
}
