/**
 * A host in memory that obeys the contract of `host/driver.ts` and the laws that real hosts have: nothing stands on
 * what is not there, names are unique, a bridge with ports stays. For testing the engine, never to pass for a host.
 */

import { KleeneError } from '#errors/kleene-error.ts';
import type { ImageTransport } from '#host/driver.ts';
import {
	type ApplyOptions,
	applyInOrder,
	type HostDriver,
	type HostEvent,
	type HostFacts,
	type HostProcess,
	type LiveChange,
	type ProbeRequest,
	type ProbeResult,
	type RunRequest,
} from '#host/driver.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import { hostEnd } from '#model/cable.ts';
import type { EndCause } from '#model/container.ts';
import type { LostFiles, ObservationScope, Observed, ObservedInterface } from '#model/host/observed.ts';
import { identityOf, type Part, providedBy, removedWith, standsOn } from '#model/part.ts';
import { parentPortInterface } from '#model/parts/network-interface.ts';
import { interfaceOnHost } from '#model/parts/references.ts';
import type { SandboxEnd } from '#model/sandbox.ts';
import type { Step } from '#model/step.ts';
import { FakeActivity } from './activity.ts';
import { FakeBuilds } from './builds.ts';
import { FakeProcess } from './process.ts';
import { replaceRoute } from './replaced-routes.ts';
import { FakeTraffic } from './traffic.ts';

const FACTS: HostFacts = {
	os: 'linux',
	platform: { os: 'linux', architecture: 'amd64' },
	release: 'Memory 1',
	kernel: 'none',
	runtime: 'none',
	ipnetHasEpair: true,
	batches: false,
	jailParameters: 'mapped',
	innerNames: 'position',
	names: 'resolver',
	checksSources: true,
	limitsRates: true,
	leasesAddresses: true,
	places: { layers: 'layers', containers: 'containers', volumes: 'volumes', volumePath: '/memory/volumes' },
	lacking: [],
};

export class FakeHost implements HostDriver {
	readonly activity = new FakeActivity();
	readonly builds = new FakeBuilds();
	readonly traffic = new FakeTraffic();
	/** Parts on the host, by identity, in the order of making. */
	readonly parts = new Map<string, Part>();
	readonly processes = new Map<string, FakeProcess>();
	/** How containers ended, until they are made again. */
	readonly ends = new Map<string, SandboxEnd>();
	/** Files that were put aside, by the identity of their part. */
	readonly lost = new Map<string, LostFiles>();
	/** Interfaces that are not ours. */
	readonly foreign: ObservedInterface[] = [];
	/** Every step that was asked for, whether it worked or not. */
	readonly applied: string[] = [];
	/** Set to let the step with this number (from 0, counted from now) fail. */
	failAt = Number.POSITIVE_INFINITY;
	/** Set to lose the connection right after the step with this number was done, until `reconnect`. */
	loseAt = Number.POSITIVE_INFINITY;
	/** Set to let no process start. */
	startsNothing = false;
	/** Interface of the default route; tell `addressing-changed` after a change. */
	gatewayInterface = '';
	/** See `Observed`. */
	uplinks: readonly string[] = [];
	readonly #facts: HostFacts;
	#reachable = true;
	#listeners: ((event: HostEvent) => void)[] = [];

	/** @param unlike facts that differ from those of a Linux host */
	constructor(unlike: Partial<HostFacts> = {}) {
		this.#facts = { ...FACTS, ...unlike };
	}

	/** There are no registries. */
	readonly transport: ImageTransport = {
		...{ examine: noRegistry, send: noRegistry, login: noRegistry, logout: noRegistry },
		archive: () => {
			throw unsupported('make an archive', 'there are no files in memory');
		},
		receive: noRegistry,
		look: async () => undefined,
		measure: async (layers) => new Map(layers.map((id) => [id, 1000])),
	};

	facts(): HostFacts {
		return this.#facts;
	}

	async observe(_scope: ObservationScope): Promise<Observed> {
		this.#requireReachable();
		const all = [...this.parts.values()];
		const sandboxes = all.filter((part) => part.kind === 'sandbox');
		return {
			gatewayInterface: this.gatewayInterface,
			uplinks: this.uplinks,
			interfaces: [...this.foreign.map((one) => asPort(one, all)), ...all.flatMap(asInterface)],
			routes: [],
			sandboxes: sandboxes.map(({ container }) => ({ container, running: this.processes.has(container), pid: 1 })),
			mountedRoots: all.filter((part) => part.kind === 'root-mount').map(({ container }) => container),
			layerFiles: all.filter((part) => part.kind === 'layer').map(({ layer }) => layer),
			rootFiles: all.filter((part) => part.kind === 'root-files').map(({ container }) => container),
			volumeFiles: all.filter((part) => part.kind === 'volume-files').map(({ volume }) => volume),
			lostFiles: [...this.lost.values()],
		};
	}

	describe({ verb, part }: Step): string[] {
		return [`${verb} ${identityOf(part)}`];
	}

	async apply(steps: readonly Step[], options: ApplyOptions = {}): Promise<void> {
		this.#requireReachable();
		await applyInOrder(steps, options, (step) => this.#apply(step, options)).catch((error: unknown) => {
			if (!this.#reachable) options.onDone?.(steps.length);
			throw error;
		});
	}

	#requireReachable(): void {
		if (this.#reachable) return;
		const why = 'the connection was lost';
		throw new KleeneError({ code: 'HOST_UNREACHABLE', what: 'cannot reach the host', why, hint: 'wait' });
	}

	reconnect(): void {
		this.#reachable = true;
		this.tell({ kind: 'reconnected' });
	}

	tell(event: HostEvent): void {
		for (const listener of this.#listeners) listener(event);
	}

	#apply({ verb, part }: Step, options: ApplyOptions): void {
		this.applied.push(`${verb} ${identityOf(part)}`);
		if (this.failAt-- === 0) throw refuse(`${verb} ${identityOf(part)}`, 'it was told to fail');
		this.#requireReachable();
		if (verb === 'make') this.#make(part);
		else if (options.lost === 'discard') this.lost.delete(identityOf(part));
		else {
			const files = options.lost === 'keep' ? lostFilesOf(part) : undefined;
			if (files) this.lost.set(identityOf(part), files);
			this.#unmake(part);
			const end = part.kind === 'sandbox' ? this.ends.get(part.container) : undefined;
			if (part.kind === 'sandbox' && end) options.onEnd?.(part.container, end);
		}
		if (this.loseAt-- === 0) this.#reachable = false;
		this.#requireReachable();
		options.progress?.(`${verb} ${part.kind}\n`);
	}

	#make(part: Part): void {
		const identity = identityOf(part);
		const there = this.parts.get(identity);
		if (replaceRoute(this.parts, 'make', part)) return;
		if (there && JSON.stringify(there) !== JSON.stringify(part)) throw refuse(identity, 'it is there and different');
		if (part.kind === 'network-interface' && this.foreign.some(({ name }) => name === part.interface))
			throw refuse(identity, 'the name is taken');
		for (const needed of standsOn(part)) if (!this.#has(needed)) throw refuse(identity, `${needed} is not there`);
		this.parts.set(identity, part);
		if (part.kind === 'sandbox') this.ends.delete(part.container);
	}

	/** @param needed one of the names that parts stand on */
	#has(needed: string): boolean {
		const foreign = this.foreign.some(({ name }) => needed === interfaceOnHost(name));
		return foreign || [...this.parts.values()].some((part) => providedBy(part).includes(needed));
	}

	#unmake(part: Part): void {
		const identity = identityOf(part);
		const there = this.parts.get(identity) ?? part;
		if (replaceRoute(this.parts, 'unmake', part)) return;
		const others = [...this.parts.values()].filter((other) => other !== there);
		const goes = sharesReference(providedBy(there));
		const along = new Set(others.filter((other) => goes(removedWith(other))));
		const onTop = others.find((other) => !along.has(other) && goes(standsOn(other)));
		if (onTop) throw refuse(identity, `${identityOf(onTop)} stands on it`);
		for (const other of along) this.parts.delete(identityOf(other));
		if (part.kind === 'sandbox') this.endContainer(part.container, 137, 'killed');
		this.parts.delete(identity);
	}

	async run(request: RunRequest): Promise<HostProcess> {
		if (this.startsNothing) throw refuse(`process in ${request.container}`, 'it was told to fail');
		const process = new FakeProcess();
		if (request.kind !== 'additional') this.processes.set(request.container, process);
		return process;
	}

	/** Settings that were changed while containers ran, in order. */
	readonly modified: (LiveChange & { readonly container: string })[] = [];

	async modify(container: string, change: LiveChange): Promise<void> {
		this.#requireReachable();
		this.modified.push({ container, ...change });
		for (const [identity, part] of this.parts)
			if ((part.kind === 'sandbox' || part.kind === 'stack') && part.container === container && part.spec)
				this.parts.set(identity, { ...part, spec: { ...part.spec, hostname: change.hostname ?? part.spec.hostname } });
	}

	/** There are no processes that could. */
	async listeners(): Promise<undefined> {
		return undefined;
	}

	/** Everybody on one interface reaches everybody there, and the host reaches all. */
	async probe({ container, address }: ProbeRequest): Promise<ProbeResult> {
		const all = [...this.parts.values()];
		const target = all.find((part) => 'address' in part && withoutPrefix(part.address) === address);
		const [from, to] = [container, target && 'container' in target ? target.container : undefined].map((id) =>
			all.flatMap((part) => bridgesOf(part, all, id)),
		);
		const reached = target && (container === undefined || from?.some((name) => to?.includes(name)));
		return { outcome: reached ? 'answered' : 'refused', milliseconds: 0, detail: '' };
	}

	/** All processes of a container end. */
	endContainer(container: string, code: number, cause: EndCause = 'exited'): void {
		const process = this.processes.get(container);
		if (!process) return;
		this.processes.delete(container);
		this.ends.set(container, { code, at: new Date().toISOString(), cause });
		process.end({ code, sandboxEnded: true });
		this.tell({ kind: 'sandbox-ended', container });
	}

	watch(listener: (event: HostEvent) => void): void {
		this.#listeners.push(listener);
	}

	ready(): void {}

	async close(): Promise<void> {
		this.#listeners = [];
	}
}

/** Interfaces of networks that a container is on. */
function bridgesOf(part: Part, all: readonly Part[], container: string | undefined): string[] {
	if (part.kind === 'ipnet-address' && part.container === container) return [part.interface];
	if (part.kind !== 'epair' || part.container !== container) return [];
	return all.flatMap((port) =>
		port.kind === 'bridge-port' && port.interface === hostEnd(part.unit) ? [port.bridge] : [],
	);
}

function sharesReference(going: readonly string[]): (references: readonly string[]) => boolean {
	return (references) => references.some((one) => going.includes(one));
}

async function noRegistry(): Promise<never> {
	throw unsupported('reach a registry', 'there is none in memory');
}

function unsupported(what: string, why: string): KleeneError {
	return new KleeneError({ code: 'UNSUPPORTED_HERE', what, why, hint: 'use a real host' });
}

function refuse(what: string, why: string): KleeneError {
	return new KleeneError({ code: 'HOST_FAILED', what, why, hint: 'try again' });
}

function asInterface(part: Part): ObservedInterface[] {
	const base = { up: true, mtu: 1500, bridge: '', addresses: [] };
	if (part.kind === 'network-interface') return [{ ...base, name: part.interface, type: part.type, mac: part.mac }];
	if (part.kind === 'epair') return [{ ...base, name: hostEnd(part.unit), type: 'epair', mac: part.mac }];
	if (part.kind === 'parent-port' && part.vlan !== undefined)
		return [{ ...base, name: parentPortInterface(part), type: 'vlan', mac: '', bridge: part.bridge }];
	return [];
}

/** An interface that is not ours may be a port of a bridge of ours. */
function asPort(found: ObservedInterface, all: readonly Part[]): ObservedInterface {
	const port = all.find((part) => part.kind === 'parent-port' && parentPortInterface(part) === found.name);
	return port?.kind === 'parent-port' ? { ...found, bridge: port.bridge } : found;
}

function lostFilesOf(part: Part): LostFiles | undefined {
	if (part.kind === 'root-files') return { kind: 'container', id: part.container };
	if (part.kind === 'layer') return { kind: 'layer', id: part.layer };
	return part.kind === 'volume-files' ? { kind: 'volume', id: part.volume } : undefined;
}
