/**
 * The boundary between the engine and a host. A host knows how; the engine knows what, when and why.
 *
 * Contract for every implementation:
 * - `apply` is safe to repeat: making what is there and unmaking what is gone both succeed. Making something that is
 *   there but different is an error that names the difference. A failing `make` leaves nothing of its part behind.
 * - Nothing is kept in memory that could not be found again on the host after the daemon was killed.
 * - Errors are `KleeneError`s that name the object and the reason in words.
 */
import type { ObservationScope, Observed } from '#model/host/observed.ts';
import type { HostTraits } from '#model/host/traits.ts';
import type { Part } from '#model/part.ts';
import type { NetworkFilterPart } from '#model/parts/network-filter.ts';
import type * as remote from '#model/registry/remote-image.ts';
import type { ProcessSpec, SandboxEnd } from '#model/sandbox.ts';
import type { Step } from '#model/step.ts';
import type { HostActivity } from './driver/activity.ts';
import type { HostBuilds } from './driver/builds.ts';
import type { HostPaths } from './driver/paths.ts';
import type { HostTraffic } from './driver/traffic.ts';

export type { HostCapture } from './driver/traffic.ts';

/** Features and properties of this host, probed once. */
export interface HostFacts extends HostTraits {
	readonly os: 'linux' | 'freebsd';
	/** E.g. `Debian 12` or `FreeBSD 13.2-RELEASE`. */
	readonly release: string;
	readonly kernel: string;
	/** Runtime that isolates the first process of a container, e.g. `runc 1.1.5`. */
	readonly runtime: string;
	/** Whether an exchange with the host is what costs: many steps are then given to it at once. */
	readonly batches: boolean;
	/** Whether it can limit what a cable carries. */
	readonly limitsRates: boolean;
	/** Whether containers can have addresses from a DHCP server. */
	readonly leasesAddresses: boolean;
	/** Platform of the images that run here. */
	readonly platform: remote.Platform;
	/** Location of files, in the host's own terms, e.g. `layers`, `zroot/kleene/layer`. */
	readonly places: {
		readonly layers: string;
		readonly containers: string;
		readonly volumes: string;
		/** Absolute path of the directory that the files of volumes are below. */
		readonly volumePath: string;
	};
	/** One line for each thing that this host lacks, with what Kleene does instead. */
	readonly lacking: readonly string[];
}

export type OutputStream = 'stdout' | 'stderr';

/** End of a process. */
export interface ProcessEnd {
	/** 0–255; 128 + signal when it was killed. */
	readonly code: number;
	/** True when the container ended with it; false when other processes keep it alive. */
	readonly sandboxEnded: boolean;
}

/** A process in a container, seen from the daemon. */
export interface HostProcess {
	/** Called for each piece of output, in order. With a tty everything is `stdout`. Output that comes before is kept for it. */
	onOutput(listener: (stream: OutputStream, chunk: Buffer) => void): void;
	/** @returns false while a mebibyte or more of input waits for the process; `onDrained` tells when to go on */
	write(chunk: Buffer): boolean;
	/** Called when no input waits any more, after a `write` that returned false. */
	onDrained(listener: () => void): void;
	/** Stop and go on reading output: while it is not read, the process waits in its writes. */
	pause(): void;
	resume(): void;
	/** End of input. */
	endInput(): void;
	resize(rows: number, columns: number): void;
	kill(signal: NodeJS.Signals): void;
	/** Asks the process to end after its client left: by its terminal, where it has one, or by SIGTERM. */
	hangUp(): void;
	/** Stop listening; the process goes on. */
	detach(): void;
	/** After all output was delivered. */
	readonly ended: Promise<ProcessEnd>;
}

/** Of a terminal, in characters. */
export interface WindowSize {
	readonly rows: number;
	readonly columns: number;
}

export type RunRequest =
	/** Start the first process of a sandbox that was made and not started. */
	| { readonly kind: 'first'; readonly container: string; readonly attach: boolean; readonly size?: WindowSize }
	/** Connect to the first process of a running sandbox: its output from now on. Leaving it changes nothing for it. */
	| { readonly kind: 'reattach'; readonly container: string; readonly size?: WindowSize }
	/** Run another process in a running sandbox. */
	| {
			readonly kind: 'additional';
			readonly container: string;
			/** Id of the execution instance, unique. */
			readonly execution: string;
			readonly process: ProcessSpec;
			readonly attach: boolean;
			readonly size?: WindowSize;
			/**
			 * Milliseconds after which it is killed with the processes that it started, whether a daemon runs then or not. SIGKILL
			 * does the same at once.
			 */
			readonly timeout?: number;
	  };

/** The last process of a container is gone. Comes once per run, also when that happened while no daemon ran. */
export interface SandboxEnded {
	readonly kind: 'sandbox-ended';
	readonly container: string;
}

/** The address that a DHCP client has for an endpoint: with prefix; `''` for none. Comes also when it is found. */
export interface LeaseChanged {
	readonly kind: 'lease-changed';
	readonly container: string;
	readonly endpoint: string;
	readonly address: string;
}

export type HostEvent =
	| SandboxEnded
	| LeaseChanged
	/** The host could not be reached for a while: what happened meanwhile is not known. */
	| { readonly kind: 'reconnected' }
	/** Foreign changes removed or altered our firewall rules: making the parts again restores them. */
	| { readonly kind: 'firewall-changed' }
	/** Interfaces or addresses of the host are not what they were. */
	| { readonly kind: 'addressing-changed' };

export interface ApplyOptions {
	/**
	 * Interrupts the making of a part that takes long: its processes and downloads end, nothing of the part is left, and
	 * the reason of the signal is thrown. A part that is made quickly may still be made.
	 */
	readonly signal?: AbortSignal;
	/** Called with text for the user while something takes long; lines end in a newline. */
	readonly progress?: (text: string) => void;
	/** Go on with the next step when one fails. */
	readonly keepGoing?: boolean;
	/** Number of leading steps that are done; an upper bound where the connection to the host was lost. */
	readonly onDone?: (count: number) => void;
	/** Called for each step that fails. */
	readonly onFailure?: (step: Step, error: unknown) => void;
	/**
	 * The parts to be made were compared with the host and are there as they should be: nothing is changed, the host takes
	 * hold of them.
	 */
	readonly found?: boolean;
	/**
	 * For unmaking files. `keep`: they are not removed but put aside, into `lost+found` below the root; `discard`: those
	 * that were put aside are removed.
	 */
	readonly lost?: 'keep' | 'discard';
	/** For unmaking a sandbox: called with how its last run ended, also when it was unmade before and is not there any more. */
	readonly onEnd?: (container: string, end: SandboxEnd) => void;
	/** For unmaking a sandbox: milliseconds between asking its processes to end and ending them. Default 10000. */
	readonly grace?: number;
}

/** Name directory of the engine, given to the host when it is opened. */
export interface NameLookup {
	/**
	 * @param network id of the network on whose gateway the question arrived
	 * @param name in lower case, bare
	 * @param source address of who asks
	 * @returns undefined when there is no container of that name for the one who asks
	 */
	lookup(network: string, name: string, source: string): { readonly addresses: readonly string[] } | undefined;
	/** The name of the container that has an address. */
	reverse(network: string, address: string, source: string): string | undefined;
}

export interface ProbeRequest {
	/** Id of the running container it is sent from; undefined: the host itself. */
	readonly container: string | undefined;
	readonly address: string;
	readonly protocol: 'icmp' | 'tcp' | 'udp';
	/** 0 for ICMP. */
	readonly port: number;
}

export interface ProbeResult {
	readonly outcome: /** Somebody answered. */
		| 'answered'
		/** The packet arrived and nobody listens on the port. */
		| 'closed'
		/** A rule sent it back, or there is no way. */
		| 'refused'
		/** Nothing came back within a second. */
		| 'silence';
	readonly milliseconds: number;
	/** Error of the host, e.g. `EHOSTUNREACH`; `''` for none. */
	readonly detail: string;
}

export interface ListenersRequest {
	/** Id of a running container; undefined: the host itself. */
	readonly container: string | undefined;
	readonly protocol: 'tcp' | 'udp';
	readonly port: number;
}

/** Settings of a running sandbox; absent ones stay. */
export interface LiveChange {
	readonly hostname?: string;
	readonly permissions: readonly string[];
}

/** Images elsewhere. Nothing of it changes what is on the host, except for the credentials. */
export interface ImageTransport {
	/** Looks at an image without its layers, for the platform of this host. */
	examine(location: remote.ImageLocation, signal?: AbortSignal): Promise<remote.RemoteImage>;
	send(image: remote.OutgoingImage, to: remote.ImageLocation, options: remote.SendOptions): Promise<remote.Sent>;
	/** An image as an archive, in pieces as it is read. */
	archive(image: remote.OutgoingImage, format: remote.ArchiveFormat, by: remote.SendOptions): AsyncIterable<Buffer>;
	/** Takes an archive of images. */
	receive(data: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<remote.Received>;
	/** Images in an archive on the host; undefined where it holds something else, or is elsewhere. @param url `file:///path` */
	look(url: string): Promise<readonly remote.IncomingImage[] | undefined>;
	/** Checks credentials, and keeps them. */
	login(credentials: remote.Credentials): Promise<void>;
	logout(registry: string): Promise<void>;
	/** Bytes that the files of each of these layers take, without those below. */
	measure(layers: readonly string[]): Promise<ReadonlyMap<string, number>>;
}

export interface HostDriver {
	readonly transport: ImageTransport;
	readonly activity: HostActivity;
	readonly builds: HostBuilds;
	readonly traffic: HostTraffic;
	facts(): HostFacts;
	/** @param expected parts that are to be on the host: with `everything`, what is there is held against them */
	observe(scope: ObservationScope, expected?: readonly Part[]): Promise<Observed>;
	/** Describes what `apply` would do as host commands (`ip link add ...`), one line per step. */
	describe(step: Step): string[];
	/** Steps in this order, up to the first that fails, whose error is thrown; with `keepGoing` after trying them all. */
	apply(steps: readonly Step[], options?: ApplyOptions): Promise<void>;
	run(request: RunRequest): Promise<HostProcess>;
	/**
	 * Change settings of a running sandbox; those that can be are decided by `engine/plan/run/live.ts`.
	 *
	 * @param change words of jail(8) for permissions; always empty on hosts without jails
	 */
	modify(container: string, change: LiveChange): Promise<void>;
	/** Send one packet the way a process there would, and see what comes back. Takes a second at most. */
	probe(request: ProbeRequest): Promise<ProbeResult>;
	/**
	 * Addresses on which processes there wait for connections or datagrams to a port; `0.0.0.0` and `::` stand for every
	 * address of their family.
	 *
	 * @returns undefined where the host cannot tell
	 */
	listeners(request: ListenersRequest): Promise<readonly string[] | undefined>;
	/** Asks the kernel about the way of packets. Absent: a host that cannot be asked. */
	readonly paths?: HostPaths;
	/**
	 * Asks the neighbours on an interface of the host for the holder of an address, before it is taken. Takes half a second at
	 * most. Absent: a host that cannot ask. @returns its MAC address; undefined for nobody
	 */
	holder?(question: { readonly interface: string; readonly address: string }): Promise<string | undefined>;
	/**
	 * Ends connections that began while rules were missing and that would not begin like that with them. Absent: a host where
	 * a connection ends with the rules that let it begin. @param filters of all networks
	 */
	forgetMismatched?(filters: readonly NetworkFilterPart[]): void;

	watch(listener: (event: HostEvent) => void): void;
	/** The daemon answers requests: what it put off while it started, as it takes long, is done in the background. */
	ready(): void;
	/** Let go of sockets and watchers. Containers are not touched. */
	close(): Promise<void>;
}

/** `HostDriver.apply` for hosts that do one step after the other. */
export async function applyInOrder(
	steps: readonly Step[],
	{ keepGoing, onDone, onFailure }: ApplyOptions,
	applyOne: (step: Step) => void | Promise<void>,
): Promise<void> {
	const failures: unknown[] = [];
	for (const [index, step] of steps.entries()) {
		try {
			await applyOne(step);
			if (failures.length === 0) onDone?.(index + 1);
		} catch (error) {
			onFailure?.(step, error);
			if (!keepGoing) throw error;
			failures.push(error);
		}
	}
	if (failures.length > 0) throw failures[0];
}
