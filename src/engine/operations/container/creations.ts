import { KleeneError } from '#errors/kleene-error.ts';
import type { HostFacts } from '#host/driver.ts';
import type { ContainerOptions } from '#model/container/options.ts';
import type { Container, NetworkDriver, RestartPolicy } from '#model/container.ts';
import { newId, parseContainerName } from '#model/ids.ts';
import type { Mount } from '#model/mount.ts';
import type { Part } from '#model/part.ts';
import { type FreePorts, type PublishedPort, parsePublishedPorts, parsePublishFrom } from '#model/port.ts';
import { make, type Step } from '#model/step.ts';
import type { ContainerCreated, VolumeCreated } from '#model/store-change.ts';
import type { EngineContext } from '../../context.ts';
import { imageOf, requireImage } from '../../identify.ts';
import { requireHooksAllowed } from '../../plan/jail/hooks.ts';
import { parseJailParameters } from '../../plan/jail/parameters.ts';
import { parseMounts } from '../../plan/run/mounts.ts';
import { requireOptions } from '../../plan/run/options.ts';
import type { RunPlanner } from '../../run-planner.ts';
import type { VolumesOfContainer } from '../volumes.ts';

export interface ContainerRequest {
	/** `undefined`: named after its id. */
	readonly name: string | undefined;
	readonly image: string;
	readonly cmd: readonly string[];
	readonly user: string;
	readonly env: readonly string[];
	readonly mounts: readonly Mount[];
	readonly jailParam: readonly string[];
	readonly networkDriver: NetworkDriver;
	readonly publicPorts: readonly PublishedPort[];
	/** CIDRs; empty: everybody. */
	readonly publishFrom: readonly string[];
	readonly restartPolicy: RestartPolicy;
	readonly persist: boolean;
	/** Only for a container that is started by the same request. */
	readonly autoRemove?: boolean;
	/** Bits per second, 0 for no limit. */
	readonly bandwidth: number;
	/** For the container of a build: its id, and a layer that its files stand on, which need not be one of the image. */
	readonly id?: string;
	readonly layer?: string;
	readonly options?: ContainerOptions;
}

/** What comes into the store with a container. */
export type Creation = VolumeCreated | ContainerCreated;

/** The coming into being of containers, apart from doing it: a dry run takes the same way. */
export class Creations {
	readonly #context: EngineContext;
	readonly #planner: RunPlanner;

	constructor(context: EngineContext, planner: RunPlanner) {
		this.#context = context;
		this.#planner = planner;
	}

	/** Validates and completes a request. Nothing is stored yet. */
	draft(request: ContainerRequest): Container {
		const { store, driver, timestamp } = this.#context;
		const { id = newId() } = request;
		const name = request.name === undefined ? id : parseContainerName(request.name);
		const { image, layer: top } = requireImage(store, request.image, driver.facts());
		const { layer = top } = request;
		requirePublishable(request);
		requireProtocols(request, driver.facts());
		requireLasting(request);
		requireLimitable(request, driver.facts());
		this.requireSound(request);
		this.requireFreeName(name);
		const { options = {} } = request;
		const { cmd, user, env, jailParam, networkDriver, restartPolicy, persist, autoRemove = false, bandwidth } = request;
		const isFree: FreePorts = (protocol, port) => this.#planner.isFreePort(protocol, port);
		const publicPorts = parsePublishedPorts(request.publicPorts, isFree);
		const publishFrom = parsePublishFrom(request.publishFrom);
		const mounts = parseMounts(request.mounts, driver.facts().os);
		const limits = { restartPolicy, persist, autoRemove, bandwidth, options };
		const config = { cmd, user, env, jailParam, networkDriver, publicPorts, publishFrom, mounts, ...limits };
		const dataset = `${driver.facts().places.containers}/${id}`;
		return { id, name, imageId: image.id, layer, ...config, created: timestamp(), dataset };
	}

	/** Parts of a container that does not run. */
	steps({ id, layer }: Container, { parts }: VolumesOfContainer): Step[] {
		const files: Part = { kind: 'root-files', container: id, layers: this.#context.store.layers.chainIds(layer) };
		// What is missing on the host is refused before anything is made. A host that batches sees to that itself.
		const first = this.#context.driver.facts().batches ? [] : parts.filter(isSource);
		return [...first, files, ...parts.filter((part) => !first.includes(part))].map(make);
	}

	/** Within the transaction in which the plan begins: names and images may be gone since the draft. */
	confirm(container: Container): void {
		const { store, driver } = this.#context;
		this.requireFreeName(container.name);
		imageOf(store, container, driver.facts());
	}

	/** Changes recorded when the plan begins: names are taken from then on. */
	changes(container: Container, { created, names }: VolumesOfContainer): Creation[] {
		const volumes = created.map((one) => ({ ...one, tentative: true }));
		return [...volumes, { kind: 'container-created', container, volumes: names, tentative: true }];
	}

	/** Checks that need the configuration alone. */
	requireSound(config: Pick<Container, 'env' | 'jailParam' | 'cmd' | 'user' | 'options' | 'networkDriver'>): void {
		const { driver, allowHostHooks } = this.#context;
		requireHooksAllowed(parseJailParameters(config.jailParam, driver.facts()).hooks, allowHostHooks);
		requireText(config);
		requireOptions(config.options ?? {}, driver.facts(), config.networkDriver);
	}

	/**
	 * Nor may it be the id of another container: a command that names that one would get this one.
	 *
	 * @param id of the container that is to get it, where there is one already
	 */
	requireFreeName(name: string, id?: string): void {
		const { containers } = this.#context.store;
		const holder = containers.byName(name) ?? containers.get(name);
		if (!holder || holder.id === id) return;
		const named = holder.name === name;
		throw new KleeneError({
			code: 'NAME_TAKEN',
			what: `cannot use the name ${name}`,
			why: named ? `container ${holder.id} has it` : `it is the id of container ${holder.name}`,
			hint: named ? `choose another name, or remove the other one with "klee rmc ${name}"` : 'choose another name',
		});
	}
}

/** A directory or file of the host, which has to be there. */
function isSource(part: Part): boolean {
	return part.kind === 'mount-point' && part.mount.type === 'nullfs';
}

function requireText({ env, cmd, user }: Pick<Container, 'env' | 'cmd' | 'user'>): void {
	const refuse = (what: string, why: string, hint: string) =>
		new KleeneError({ code: 'INVALID_ARGUMENT', what, why, hint });
	const bad = env.find((entry) => !/^[^=]+=/.test(entry));
	if (bad !== undefined)
		throw refuse(`cannot use '${bad.slice(0, 80)}' as an environment variable`, 'it has no NAME=', 'write NAME=value');
	if ([...cmd, ...env, user].some((text) => text.includes('\0')))
		throw refuse('cannot use this command or environment', 'it holds a NUL byte', 'leave it out');
}

function requireLasting({ autoRemove, restartPolicy, options = {} }: ContainerRequest): void {
	if (!autoRemove || (restartPolicy === 'no' && options.restart === undefined)) return;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: 'cannot create the container',
		why: `a container that is removed when it ends cannot have the restart policy ${options.restart ?? restartPolicy}`,
		hint: 'leave out --rm or --restart',
	});
}

function requireLimitable({ bandwidth }: ContainerRequest, { limitsRates, release }: HostFacts): void {
	if (bandwidth === 0 || limitsRates) return;
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot create the container with a limit on its bandwidth',
		why: `Kleene does not support that on ${release}`,
		hint: 'leave --bandwidth out, and limit it with the tools of the host, e.g. dummynet(4)',
	});
}

function requireProtocols({ publicPorts }: ContainerRequest, { sctpRefusal }: HostFacts): void {
	const port = publicPorts.find(({ protocol }) => protocol === 'sctp');
	if (!port || !sctpRefusal) return;
	const { reason: why, hint } = sctpRefusal;
	const what = `cannot publish port ${port.hostPort || port.containerPort}/sctp`;
	throw new KleeneError({ code: 'UNSUPPORTED_HERE', what, why, hint });
}

function requirePublishable({ networkDriver, publicPorts }: ContainerRequest): void {
	if (publicPorts.length === 0 || networkDriver === 'vnet' || networkDriver === 'ipnet') return;
	const message = `cannot publish ports of a container using the '${networkDriver}' network driver`;
	throw new KleeneError({
		code: 'DRIVER_REFUSED',
		what: 'cannot create the container',
		why: message,
		hint: 'use "-l vnet" or "-l ipnet" with a network',
		message,
	});
}
