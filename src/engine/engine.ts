import { messageOf } from '#errors/kleene-error.ts';
import type { HostDriver, HostEvent } from '#host/driver.ts';
import type { Store } from '#store/store.ts';
import type { EngineContext, Policy } from './context.ts';
import { Events, eventBodiesOf } from './events.ts';
import { Executor } from './executor.ts';
import type { Unknown } from './leaks.ts';
import { KeyedLocks } from './locks.ts';
import type { Logger } from './logger.ts';
import { Activity } from './operations/activity/activity.ts';
import { Builds } from './operations/build/builds.ts';
import { CacheMounts } from './operations/build/cache-mounts.ts';
import { ContainerOperations } from './operations/container/containers.ts';
import { Creations } from './operations/container/creations.ts';
import { ExecutionOperations } from './operations/container/executions.ts';
import { HealthChecks } from './operations/container/health-checks.ts';
import { NewContainers } from './operations/container/new-containers.ts';
import { Removals } from './operations/container/removals.ts';
import { Restarts } from './operations/container/restarts.ts';
import { Runs } from './operations/container/runs.ts';
import { DoctorOperations } from './operations/diagnosis/doctor.ts';
import { TraceOperations } from './operations/diagnosis/trace.ts';
import { Holds } from './operations/holds.ts';
import { ImageSizes } from './operations/image/image-sizes.ts';
import { ImageOperations } from './operations/image/images.ts';
import { Layers } from './operations/image/layers.ts';
import { ImageTransfers } from './operations/image/transfers.ts';
import { EndpointOperations } from './operations/network/endpoints.ts';
import { HostsFileUpdater } from './operations/network/hosts-file-updater.ts';
import { Leases } from './operations/network/leases.ts';
import { LiveEndpoints } from './operations/network/live-endpoints.ts';
import { NetworkOperations } from './operations/network/networks.ts';
import { Observability } from './operations/observability/observability.ts';
import { Pruning } from './operations/pruning.ts';
import { SystemOperations } from './operations/system.ts';
import { VolumeOperations } from './operations/volumes.ts';
import { Reconciler } from './reconcile.ts';
import { Recorder } from './recorder.ts';
import { Restoration } from './restoration.ts';
import { RunPlanner } from './run-planner.ts';
import { risingTimestamps } from './timestamps.ts';

/** Everything a daemon can be asked to do. */
export class Engine {
	readonly events: Events;
	readonly networks: NetworkOperations;
	readonly endpoints: EndpointOperations;
	readonly containers: ContainerOperations;
	readonly executions: ExecutionOperations;
	readonly newContainers: NewContainers;
	readonly images: ImageOperations;
	readonly layers: Layers;
	readonly transfers: ImageTransfers;
	readonly imageSizes: ImageSizes;
	readonly builds: Builds;
	readonly volumes: VolumeOperations;
	readonly activity: Activity;
	readonly observability: Observability;
	readonly doctor: DoctorOperations;
	readonly system: SystemOperations;
	readonly pruning: Pruning;
	readonly traces: TraceOperations;
	readonly #context: EngineContext;
	readonly #restarts: Restarts;
	readonly #health: HealthChecks;
	readonly #reconciler: Reconciler;
	readonly #restoration: Restoration;
	readonly #leases: Leases;

	constructor(store: Store, driver: HostDriver, log: Logger, policy: Policy = { allowHostHooks: false }) {
		const recorder = new Recorder(store);
		const timestamp = risingTimestamps();
		const events = new Events(log, timestamp);
		const executor = new Executor(driver, { store, recorder, events, log, timestamp });
		const seen = { gatewayInterface: '', traits: driver.facts() };
		const fresh = { locks: new KeyedLocks(), holds: new Holds(), timestamp, events, seen };
		const context: EngineContext = { store, driver, executor, recorder, log, ...fresh, ...policy };
		this.events = events;
		this.layers = new Layers(context);
		const planner = new RunPlanner(context);
		const names = new HostsFileUpdater(context);
		const removals = new Removals(context, this.layers);
		const runs = new Runs(context, planner, { names, removals });
		this.#leases = new Leases(context, names);
		const restarts = new Restarts(context, runs);
		this.#restarts = restarts;
		const health = new HealthChecks(context, runs);
		this.#health = health;
		const live = new LiveEndpoints(context, planner, runs);
		this.#context = context;
		this.endpoints = new EndpointOperations(context, live);
		this.networks = new NetworkOperations(context, this.endpoints);
		this.volumes = new VolumeOperations(context, runs);
		const creations = new Creations(context, planner);
		const { volumes, endpoints } = this;
		this.executions = new ExecutionOperations(context, runs);
		const { executions } = this;
		this.containers = new ContainerOperations(context, { runs, creations, names, removals, restarts, health });
		this.newContainers = new NewContainers(context, { planner, runs, volumes, creations, endpoints, executions });
		this.images = new ImageOperations(context, this.layers);
		this.imageSizes = new ImageSizes(context);
		this.transfers = new ImageTransfers(context, this.images, this.layers);
		const { containers, newContainers, layers } = this;
		const caches = new CacheMounts();
		this.builds = new Builds({ context, containers, newContainers, executions, removals, layers, caches }, this.images);
		this.activity = new Activity(context, runs, this.containers, caches);
		this.observability = new Observability(context, runs, containers);
		this.doctor = new DoctorOperations(context);
		this.system = new SystemOperations(context);
		const { networks, images, builds, system } = this;
		this.pruning = new Pruning(context, { containers, networks, volumes, images, builds, system });
		this.traces = new TraceOperations(context);
		this.#reconciler = new Reconciler(context, { runs, planner, live, names, removals });
		this.#restoration = new Restoration(context);
		// The last to hear of a change: whoever is told of it finds everything else up to date.
		recorder.listen((change, freed) => {
			for (const body of eventBodiesOf(change, freed)) events.tell(body);
		});
		driver.watch((event) => context.locks.apart(() => this.#react(event, runs)));
	}

	/** Before the first request is answered: settle what an earlier daemon left, then start what is to run. */
	async start(unknown: Unknown = 'is refused'): Promise<void> {
		await this.#reconciler.settle(unknown);
		await this.builds.sweep();
		await this.layers.sweep();
		if (unknown === 'is given up') await this.#clearNetwork();
		this.#health.begin();
		this.#restarts.begin();
		await this.#startOnStartup();
	}

	/** Repair until nothing is left: parts that others depend on are removed in a later round. */
	async #clearNetwork(): Promise<void> {
		while ((await this.doctor.repair()).repaired.length > 0);
	}

	#react(event: HostEvent, runs: Runs): void {
		if (event.kind === 'sandbox-ended') {
			runs.onSandboxEnded(event.container);
			return;
		}
		if (event.kind === 'lease-changed') {
			this.#leases.changed(event);
			return;
		}
		this.#restore(event.kind).catch((error: unknown) => {
			this.#context.log.error(
				{ event: event.kind, error: messageOf(error) },
				'could not react to a change of the host',
			);
		});
	}

	async #restore(kind: Exclude<HostEvent['kind'], 'sandbox-ended' | 'lease-changed'>): Promise<void> {
		if (kind === 'reconnected') return this.#reconciler.resettle();
		return kind === 'firewall-changed' ? this.#restoration.firewall() : this.#restoration.addressing();
	}

	async #startOnStartup(): Promise<void> {
		const { store, log } = this.#context;
		const waiting = store.containers.list().filter(({ restartPolicy }) => restartPolicy === 'on-startup');
		for (const { id, name } of waiting.toReversed()) {
			// Its name tells it from all others, whatever their names are.
			if (this.containers.inspect(name).running) continue;
			try {
				const execution = this.executions.create({ container: name, cmd: [], user: '', env: [], tty: false });
				const request = { attach: false, startContainer: true, stdin: false };
				const session = await this.executions.start(execution, request, () => {});
				session.ended.catch(() => {});
			} catch (error) {
				log.error({ container: id, name, error: messageOf(error) }, 'could not start an on-startup container');
			}
		}
	}
}
