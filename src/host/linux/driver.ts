import { mkdirSync } from 'node:fs';
import {
	type ApplyOptions,
	applyInOrder,
	type HostDriver,
	type HostEvent,
	type HostFacts,
	type HostProcess,
	type ListenersRequest,
	type LiveChange,
	type ProbeRequest,
	type ProbeResult,
	type RunRequest,
} from '#host/driver.ts';
import { Layouts } from '#host/registry/layouts.ts';
import type { Comparison, ObservationScope, Observed } from '#model/host/observed.ts';
import type { HostLimits } from '#model/host/traits.ts';
import type { Part, PartKind } from '#model/part.ts';
import { failureOf, type Step } from '#model/step.ts';
import { closeNamespace } from '#os/linux/netns.ts';
import { LinuxActivity } from './activity/activity.ts';
import { LinuxBuilds } from './build/contexts.ts';
import { buildHandlers } from './build/handlers.ts';
import { compareFilter } from './comparison/filter.ts';
import { requireDescriptors, takesDescriptors } from './descriptor-reserve.ts';
import { hostsFiles } from './dns/hosts-files.ts';
import { Resolver } from './dns/resolver.ts';
import { NameServers, Resolvers } from './dns/resolvers.ts';
import { fixedUpstreams, hostUpstreams, resolverConfiguration } from './dns/upstreams.ts';
import { gatherFacts, hostPlatform } from './facts.ts';
import { Firewall } from './firewall/firewall.ts';
import { portCheck } from './firewall/port-check.ts';
import type { PartHandler, PartHandlers } from './handler.ts';
import { lockHost } from './host-lock.ts';
import { openHostNamespace, skopeoOn } from './host-namespace.ts';
import { limitsOf } from './limits.ts';
import { LinuxNetwork } from './network/network.ts';
import { listeners, probe } from './network/probe.ts';
import { Watcher } from './network/watcher.ts';
import type { LinuxHostOptions } from './options.ts';
import { Paths } from './paths.ts';
import { translateErrors } from './refusals.ts';
import { LinuxTransport } from './registry/transport.ts';
import { installInit } from './sandbox/bundle/bundle.ts';
import { type ChosenRuntime, chooseRuntime } from './sandbox/runtimes.ts';
import { LinuxSandboxes } from './sandbox/sandbox.ts';
import { OwnUserNamespace } from './sandbox/stack-owner.ts';
import type { Stack } from './sandbox/stacks.ts';
import { Disposal } from './storage/disposal.ts';
import { takeOverImages } from './storage/images-before.ts';
import { LinuxLayers } from './storage/layers.ts';
import { observeLost } from './storage/lost.ts';
import { LinuxStorage } from './storage/storage.ts';
import { LinuxVolumes } from './storage/volumes.ts';
import { LinuxPaths } from './traffic/paths.ts';
import { LinuxTraffic } from './traffic/traffic.ts';

interface Equipment extends Pick<LinuxHostOptions, 'downloadTimeout' | 'log'> {
	readonly paths: Paths;
	readonly disposal: Disposal;
	readonly hostNamespace: number | undefined;
	readonly leave: () => void;
	readonly resolver: Resolver;
	/** Path of our init on the host. */
	readonly init: string;
	readonly runtime: ChosenRuntime;
	/** Or why there is none. */
	readonly stackOwner: OwnUserNamespace | string;
	readonly limits: HostLimits;
}

/** Linux as a host: each kind of part goes to the class that knows it. */
export class LinuxHost implements HostDriver {
	readonly activity: LinuxActivity;
	readonly transport: LinuxTransport;
	readonly builds: LinuxBuilds;
	readonly traffic: LinuxTraffic;
	readonly paths: LinuxPaths;
	readonly #facts: HostFacts;
	readonly #network: LinuxNetwork;
	readonly #firewall: Firewall;
	readonly #resolver: Resolver;
	readonly #layers: LinuxLayers;
	readonly #storage: LinuxStorage;
	readonly #volumes: LinuxVolumes;
	readonly #paths: Paths;
	readonly #disposal: Disposal;
	readonly #sandboxes: LinuxSandboxes;
	readonly #handlers: PartHandlers;
	readonly #stackOwner: OwnUserNamespace | undefined;
	readonly #hostNamespace: number | undefined;
	readonly #leave: () => void;
	readonly #log: LinuxHostOptions['log'];
	#watcher: Watcher | undefined;

	static async open(options: LinuxHostOptions): Promise<LinuxHost> {
		const { root, netns, dns, names, limits: asked = {}, downloadTimeout, log } = options;
		const upstreams = dns.length > 0 ? fixedUpstreams(dns) : hostUpstreams(resolverConfiguration(netns));
		const paths = new Paths(root);
		for (const directory of [paths.layers(), paths.containers(), paths.runtimeState(), paths.exits()])
			mkdirSync(directory, { recursive: true, mode: 0o700 });
		takeOverImages(paths);
		const disposal = new Disposal(paths, log);
		await disposal.remove(paths.layouts());
		const hostNamespace = openHostNamespace(netns);
		const leave = lockHost(hostNamespace, log);
		const resolver = new Resolver({
			...(hostNamespace === undefined ? {} : { hostNamespace }),
			lookup: (...question) => names.lookup(...question),
			reverse: (...question) => names.reverse(...question),
			upstreams,
			log,
		});
		const init = installInit(root);
		const owning = OwnUserNamespace.open(init);
		const runtime = await chooseRuntime();
		const found = { init, runtime, stackOwner: await owning, limits: limitsOf(hostNamespace, asked) };
		return new LinuxHost({ paths, disposal, hostNamespace, leave, resolver, log, downloadTimeout, ...found });
	}

	private constructor(equipment: Equipment) {
		const { paths, disposal, hostNamespace, leave, resolver, init, runtime, stackOwner, limits, log } = equipment;
		const [owner, ownerless] = typeof stackOwner === 'string' ? [undefined, [stackOwner]] : [stackOwner, []];
		this.#stackOwner = owner;
		this.#leave = leave;
		this.#log = log;
		this.#resolver = resolver;
		this.#hostNamespace = hostNamespace;
		this.#network = new LinuxNetwork({ paths, stackOwner: owner, hostNamespace });
		this.#firewall = new Firewall(hostNamespace, this.#network.forwarding, portCheck(hostNamespace));
		this.#layers = new LinuxLayers(paths, equipment.downloadTimeout, disposal.remove);
		const skopeo = skopeoOn(hostNamespace, paths.credentials());
		this.transport = new LinuxTransport(paths, skopeo, hostPlatform());
		this.#storage = new LinuxStorage(paths, disposal.remove);
		this.#sandboxes = new LinuxSandboxes({
			paths,
			conmon: runtime.conmon,
			runtime: runtime.path,
			init,
			stackOf: (container) => this.#stackOf(container),
			mostProcesses: limits.processes,
			log,
			...(hostNamespace === undefined
				? {}
				: { hostNamespace, hostNetwork: `/proc/${process.pid}/fd/${hostNamespace}` }),
		});
		this.activity = new LinuxActivity(paths, this.#sandboxes.logs);
		this.builds = new LinuxBuilds(paths, disposal.remove);
		this.traffic = new LinuxTraffic(hostNamespace, (container) => this.#network.stackOf(container)?.fd, this.#firewall);
		this.paths = new LinuxPaths(this.#network.paths, hostNamespace);
		this.#facts = gatherFacts(equipment, [...ownerless, ...this.#network.lacking()]);
		this.#paths = paths;
		this.#disposal = disposal;
		this.#volumes = new LinuxVolumes(paths, disposal.remove);
		this.#handlers = {
			...this.#network.handlers,
			'network-filter': this.#firewall.networks,
			'filter-member': this.#firewall.members,
			'asymmetric-source': this.#firewall.asymmetricSources,
			'source-limit': this.#firewall.sourceLimits,
			'published-ports': this.#firewall.ports,
			resolver: new Resolvers(resolver),
			'name-servers': new NameServers(paths),
			...hostsFiles,
			layer: this.#layers,
			layout: new Layouts(paths, skopeo),
			'root-files': this.#storage.rootFiles,
			'root-mount': this.#storage.rootMount,
			'volume-files': this.#volumes.files,
			'mount-point': this.#volumes.mountPoints,
			...buildHandlers(paths, this.builds, disposal.remove),
			sandbox: this.#sandboxes,
		};
	}

	facts(): HostFacts {
		return this.#facts;
	}

	/** In one go, so that no change of ours comes in between; sandboxes alone are for listings. */
	async observe(scope: ObservationScope, expected?: readonly Part[]): Promise<Observed> {
		const everything = scope === 'everything';
		const network =
			scope === 'sandboxes' ? { interfaces: [], routes: [], gatewayInterface: '' } : this.#network.observe();
		const sandboxes = await this.#observeSandboxes(scope);
		if (everything) this.#adoptStacks(sandboxes);
		return {
			...network,
			sandboxes,
			mountedRoots: everything ? this.#storage.observeMounts() : [],
			layerFiles: everything ? this.#layers.observe() : [],
			rootFiles: everything ? this.#storage.observeFiles() : [],
			volumeFiles: everything ? this.#volumes.observe() : [],
			lostFiles: everything ? observeLost(this.#paths) : [],
			...(everything && expected ? { comparison: this.#compare(expected) } : {}),
		};
	}

	async #observeSandboxes(scope: ObservationScope): Promise<Observed['sandboxes']> {
		if (scope === 'addressing') return [];
		return scope === 'sandboxes' ? await this.#sandboxes.observeInTurns() : this.#sandboxes.observe();
	}

	#compare(expected: readonly Part[]): Comparison {
		const network = this.#network.compare(expected, (part) => this.#handlerOf(part).describe('make', part));
		const { differing, excess } = compareFilter(this.#hostNamespace, expected);
		return { ...network, differing: [...network.differing, ...differing], excess };
	}

	/** After a restart of the daemon: the namespaces of containers that went on running. */
	#adoptStacks(sandboxes: Observed['sandboxes']): void {
		for (const { container, running, pid } of sandboxes)
			if (running && !this.#network.stackOf(container)) this.#network.adoptStack(container, pid);
	}

	describe({ verb, part }: Step): string[] {
		return this.#handlerOf(part).describe(verb, part);
	}

	async apply(steps: readonly Step[], options: ApplyOptions = {}): Promise<void> {
		await applyInOrder(steps, options, (step) => translateErrors(step, () => this.#perform(step, options)));
	}

	async #perform(step: Step, options: ApplyOptions): Promise<void> {
		if (step.verb === 'make' && takesDescriptors(step.part.kind)) await requireDescriptors(failureOf(step));
		await this.#handlerOf(step.part)[step.verb](step.part, options);
	}

	/** TypeScript does not see that the handler under a part's kind takes that part. */
	#handlerOf(part: Part): PartHandler<PartKind> {
		return this.#handlers[part.kind] as unknown as PartHandler<PartKind>;
	}

	async run(request: RunRequest): Promise<HostProcess> {
		if (request.kind === 'additional')
			await requireDescriptors(`cannot run a process in container ${request.container}`);
		return this.#sandboxes.run(request);
	}

	async modify(container: string, change: LiveChange): Promise<void> {
		this.#sandboxes.modify(container, change);
	}

	async probe(request: ProbeRequest): Promise<ProbeResult> {
		return probe(this.#namespaceOf(request.container), request);
	}

	async listeners(request: ListenersRequest): Promise<readonly string[]> {
		return listeners(this.#namespaceOf(request.container), request);
	}

	/** @param container undefined: the host */
	#namespaceOf(container: string | undefined): number | undefined {
		return container === undefined ? this.#hostNamespace : this.#stackOf(container).fd;
	}

	readonly holder: NonNullable<HostDriver['holder']> = (question) => this.#network.holder(question);
	readonly forgetMismatched: NonNullable<HostDriver['forgetMismatched']> = (filters) =>
		this.#firewall.forgetMismatched(filters, this.#network.ownAddresses());

	watch(listener: (event: HostEvent) => void): void {
		this.#sandboxes.watch(listener);
		this.#network.leases.watch(listener);
		const tell = (event: HostEvent) => {
			// Its own rules first: they lead to the chains of networks, which are restored by subscribers of the event.
			this.#firewall.follow(event, this.#log);
			listener(event);
		};
		const closed = (indexes: ReadonlySet<number>) => {
			this.#network.restoreForwarding(indexes, this.#log);
			this.#firewall.reconsider();
		};
		this.#watcher = new Watcher({ hostNamespace: this.#hostNamespace, log: this.#log, tell, closed });
		// What happened before it watched.
		this.#firewall.follow({ kind: 'addressing-changed' }, this.#log);
	}

	ready(): void {
		void this.#disposal.begin();
	}

	async close(): Promise<void> {
		this.#disposal.close();
		this.#watcher?.close();
		this.#sandboxes.close();
		this.#resolver.closeAll();
		this.#firewall.close();
		this.#network.close();
		await this.#stackOwner?.close();
		this.#leave();
		if (this.#hostNamespace !== undefined) closeNamespace(this.#hostNamespace);
	}

	#stackOf(container: string): Stack {
		const stack = this.#network.stackOf(container);
		if (!stack) throw new Error(`container ${container} has no network stack`);
		return stack;
	}
}
