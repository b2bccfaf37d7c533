import type {
	ApplyOptions,
	HostDriver,
	HostEvent,
	HostFacts,
	HostProcess,
	LiveChange,
	ProbeRequest,
	ProbeResult,
	RunRequest,
} from '#host/driver.ts';
import { Layouts } from '#host/registry/layouts.ts';
import { RegistryPlaces, removeData } from '#host/registry/places.ts';
import { Skopeo } from '#host/registry/skopeo.ts';
import type { ObservationScope, Observed } from '#model/host/observed.ts';
import type { Part } from '#model/part.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import type { Step } from '#model/step.ts';
import type { Shell } from '#os/shell/shell.ts';
import { FreebsdActivity } from './activity/activity.ts';
import { applySteps } from './apply.ts';
import { describeStep } from './batch.ts';
import { FreebsdBuilds } from './build/contexts.ts';
import { CopiedFiles } from './build/copied-files.ts';
import { RunMounts } from './build/run-mounts.ts';
import { HostsFiles, networkNames } from './dns/hosts-files.ts';
import { factsOf } from './facts.ts';
import { filtered, forgetting, NetworkFilters, PublishedPorts } from './firewall/firewall.ts';
import { lackingOf, PF_STATE, readPfState } from './firewall/pf-state.ts';
import type { PartHandlers } from './handler.ts';
import { jailOptions } from './network/inside.ts';
import { FreebsdNetwork } from './network/network.ts';
import { probeSection, readProbe } from './network/probe.ts';
import { Watcher } from './network/watcher.ts';
import { observe } from './observation.ts';
import { type Paths, prepare } from './paths.ts';
import { ask, askOne } from './question.ts';
import { layoutsHandler } from './registry/layouts.ts';
import { FreebsdTransport } from './registry/transport.ts';
import { Unpacking } from './registry/unpacking.ts';
import { StateDirectory } from './sandbox/run-directory.ts';
import { Runner } from './sandbox/runner.ts';
import { FreebsdSandboxes } from './sandbox/sandbox.ts';
import { FreebsdStacks } from './sandbox/stacks.ts';
import { FreebsdLayers } from './storage/layers.ts';
import { FreebsdStorage } from './storage/storage.ts';
import { FreebsdVolumes } from './storage/volumes.ts';
import { freebsdTraffic } from './traffic/traffic.ts';

export interface FreebsdHostOptions {
	/** The way to the host; closed together with it. */
	readonly shell: Shell;
	/** Dataset that holds images, containers and volumes, parsed. */
	readonly zfsRoot: string;
	/** Identity of the daemon's store. */
	readonly store: string;
	/** Directory of the daemon, on its own machine. */
	readonly root: string;
	/** Directory on the host for what is gone after a reboot. Default `/var/run/kleene`. */
	readonly runDirectory?: string;
	/** Milliseconds; see `HostOptions`. */
	readonly downloadTimeout?: number | undefined;
	readonly log: { warn(fields: object, message: string): void; info(fields: object, message: string): void };
}

interface Equipment extends FreebsdHostOptions {
	readonly paths: Paths;
	readonly facts: HostFacts;
	readonly runner: Runner;
	readonly network: FreebsdNetwork;
}

/** FreeBSD as a host: each kind of part goes to the handler that knows it, and all of a plan in one exchange. */
export class FreebsdHost implements HostDriver {
	readonly activity: FreebsdActivity;
	readonly transport: FreebsdTransport;
	readonly builds: FreebsdBuilds;
	readonly traffic = freebsdTraffic;
	readonly #shell: Shell;
	readonly #log: FreebsdHostOptions['log'];
	readonly #facts: HostFacts;
	readonly #runner: Runner;
	readonly #network: FreebsdNetwork;
	readonly #storage: FreebsdStorage;
	readonly #sandboxes: FreebsdSandboxes;
	readonly #handlers: PartHandlers;
	/** Of sandboxes made and not started yet: a daemon that dies in between unmakes them. */
	readonly #specs = new Map<string, SandboxSpec>();
	#watcher: Watcher | undefined;

	static async open({
		shell,
		zfsRoot,
		store,
		root,
		runDirectory,
		downloadTimeout,
		log,
	}: FreebsdHostOptions): Promise<FreebsdHost> {
		await removeData(new RegistryPlaces(root).layouts());
		const paths = await askOne(shell, prepare(zfsRoot, store, runDirectory));
		const questions = [factsOf(paths), { script: PF_STATE, parse: readPfState }, jailOptions] as const;
		const [facts, pf, options] = await ask(shell, questions);
		const runner = new Runner({
			shell,
			state: new StateDirectory(paths.state()),
			logOf: (container) => paths.log(container),
			log,
		});
		await runner.open();
		const lacking = [...facts.lacking, ...lackingOf(pf)];
		const network = new FreebsdNetwork(options, paths.store);
		return new FreebsdHost({
			shell,
			zfsRoot,
			store,
			root,
			downloadTimeout,
			log,
			paths,
			runner,
			network,
			facts: { ...facts, lacking },
		});
	}

	private constructor({ shell, root, log, paths, facts, runner, network, downloadTimeout }: Equipment) {
		this.#shell = shell;
		this.#log = log;
		this.activity = new FreebsdActivity(shell, paths);
		this.#facts = facts;
		this.#runner = runner;
		this.#network = network;
		const places = new RegistryPlaces(root);
		const skopeo = new Skopeo({ onNetwork: (start) => start(), authFile: places.credentials() });
		this.transport = new FreebsdTransport(shell, paths, { places, skopeo, platform: facts.platform });
		this.builds = new FreebsdBuilds(shell, paths);
		this.#storage = new FreebsdStorage(paths);
		this.#sandboxes = new FreebsdSandboxes(paths);
		const volumes = new FreebsdVolumes(paths);
		this.#handlers = {
			...this.#network.handlers,
			'ipnet-address': filtered(this.#network.handlers['ipnet-address'], paths.store),
			'inside-address': forgetting(this.#network.handlers['inside-address']),
			'network-filter': new NetworkFilters(paths.store),
			'published-ports': new PublishedPorts(paths.store),
			layer: new FreebsdLayers(paths, new Unpacking(shell, paths, places), downloadTimeout),
			layout: layoutsHandler(new Layouts(places, skopeo)),
			'copied-files': new CopiedFiles(paths),
			'run-mounts': new RunMounts(paths, this.builds),
			'root-files': this.#storage.rootFiles,
			'root-mount': this.#storage.rootMount,
			'volume-files': volumes.files,
			'mount-point': volumes.mountPoints,
			'hosts-file': new HostsFiles(paths),
			'network-names': networkNames,
			stack: new FreebsdStacks(paths),
			sandbox: this.#sandboxes,
		};
	}

	facts(): HostFacts {
		return this.#facts;
	}

	observe(scope: ObservationScope, expected?: readonly Part[]): Promise<Observed> {
		const lookers = { network: this.#network, storage: this.#storage, sandboxes: this.#sandboxes };
		return observe(this.#shell, lookers, { scope, expected });
	}

	describe(step: Step): string[] {
		return describeStep(this.#handlers, step);
	}

	async apply(steps: readonly Step[], options: ApplyOptions = {}): Promise<void> {
		// Nothing is held here that a daemon that starts would have to take up.
		if (options.found) return;
		await applySteps(this.#shell, this.#handlers, steps, options);
		for (const { verb, part } of steps) {
			if (part.kind !== 'sandbox') continue;
			if (verb === 'make') this.#specs.set(part.container, part.spec);
			else this.#specs.delete(part.container);
		}
	}

	async run(request: RunRequest): Promise<HostProcess> {
		const spec = this.#specs.get(request.container);
		const process = await this.#runner.run(request, spec);
		if (request.kind === 'first' && spec) await this.#afterStart(request.container, spec);
		return process;
	}

	async #afterStart(container: string, spec: SandboxSpec): Promise<void> {
		const script = this.#sandboxes.afterStart(container, spec);
		if (script) await askOne(this.#shell, { script, parse: () => undefined }, { repeatable: false });
	}

	async modify(container: string, change: LiveChange): Promise<void> {
		const script = this.#sandboxes.modify(container, change);
		if (!script) return;
		await askOne(this.#shell, { script, parse: () => undefined });
	}

	probe(request: ProbeRequest): Promise<ProbeResult> {
		return askOne(this.#shell, { script: probeSection(request), parse: (output) => readProbe(request, output) });
	}

	/** sockstat(1) sees the stack that it runs in only, and jails need not have it. */
	async listeners(): Promise<undefined> {
		return undefined;
	}

	watch(listener: (event: HostEvent) => void): void {
		this.#runner.watch(listener);
		this.#shell.onConnection((state) => {
			if (state === 'back') listener({ kind: 'reconnected' });
		});
		this.#watcher = new Watcher({ open: (script) => this.#shell.open(script), tell: listener, log: this.#log });
	}

	/** Nothing is put off: ZFS itself destroys datasets in the background. */
	ready(): void {}

	async close(): Promise<void> {
		this.#watcher?.close();
		await this.#runner.close();
		await this.#shell.close();
	}
}
