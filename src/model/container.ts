import type { ContainerOptions } from './container/options.ts';
import type { Mount } from './mount.ts';
import type { PublishedPort } from './port.ts';

export type NetworkDriver = 'ipnet' | 'host' | 'vnet' | 'disabled';
export type RestartPolicy = 'no' | 'on-startup';

/** Reasons that a host can tell; `killed` also stands for an end that nobody saw. */
export type EndCause = 'exited' | 'killed' | 'out-of-memory' | 'host-restarted';

/** End of the last run of a container, kept until it is started again. */
export interface RunEnd {
	/** Exit code of the first process, 0–255, 128 + signal; null where there is none. */
	readonly code: number | null;
	/** ISO 8601, UTC. */
	readonly at: string;
	/** `stopped`: ended by itself after it was asked to; `start-failed`: its command never ran. */
	readonly reason: EndCause | 'stopped' | 'start-failed';
	/** Somebody asked for it, and it did not end by itself then. With `stopped`, that goes without saying. */
	readonly asked?: true;
}

export interface Container {
	readonly id: string;
	readonly name: string;
	readonly imageId: string;
	/** Id of the layer that its files stand on: the top one of its image, or of a snapshot of it. */
	readonly layer: string;
	/** Empty: the command of the image. */
	readonly cmd: readonly string[];
	readonly user: string;
	readonly env: readonly string[];
	readonly networkDriver: NetworkDriver;
	readonly publicPorts: readonly PublishedPort[];
	/** Blocks, of both families, from which alone others than the host may use them; empty: everybody may. */
	readonly publishFrom: readonly string[];
	/** As typed, `name` or `name=value`. */
	readonly jailParam: readonly string[];
	readonly mounts: readonly Mount[];
	readonly restartPolicy: RestartPolicy;
	readonly persist: boolean;
	/** It is removed when its first run has ended, whoever ends it. Set by a run that creates it, so there is always a run. */
	readonly autoRemove: boolean;
	/** Bits per second in each direction, over each of its networks; 0: no limit. */
	readonly bandwidth: number;
	/** ISO 8601, UTC. */
	readonly created: string;
	/** Location of its files, in the host's own terms. */
	readonly dataset: string;
	/** Absent in records of earlier versions: none. */
	readonly options?: ContainerOptions;
	/** Restarts by the daemon since somebody started it; absent: none. */
	readonly restarts?: number;
	/** Of its last run; null or absent while it runs, and when it was never started. */
	readonly end?: RunEnd | null;
}

/** `NAME=value` lists merged by name, later lists win, first appearance keeps its place. */
export function mergeEnv(...lists: readonly (readonly string[])[]): string[] {
	const merged = new Map<string, string>();
	for (const entry of lists.flat()) {
		const equals = entry.indexOf('=');
		merged.set(equals === -1 ? entry : entry.slice(0, equals), entry);
	}
	return [...merged.values()];
}
