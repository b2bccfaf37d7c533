import type { HostDriver } from '#host/driver.ts';
import type { HostTraits } from '#model/host/traits.ts';
import type { Store } from '#store/store.ts';
import type { Events } from './events.ts';
import type { Executor } from './executor.ts';
import type { KeyedLocks } from './locks.ts';
import type { Logger } from './logger.ts';
import type { Holds } from './operations/holds.ts';
import type { Recorder } from './recorder.ts';

/** Permissions that the configuration of the daemon grants to its users. */
export interface Policy {
	/** Whether containers may come with commands that run on the host. */
	readonly allowHostHooks: boolean;
}

/** Dependencies of every operation. Made once, in `engine.ts`. */
export interface EngineContext extends Policy {
	readonly store: Store;
	readonly driver: HostDriver;
	readonly executor: Executor;
	readonly recorder: Recorder;
	readonly locks: KeyedLocks;
	readonly holds: Holds;
	/** Errors and the like; what happened is told to `events`. */
	readonly log: Logger;
	readonly events: Events;
	/** ISO 8601 with microseconds, UTC, never the same twice: lists are ordered by it. */
	readonly timestamp: () => string;
	/** Last observation of the host, refreshed when it changes. */
	readonly seen: { gatewayInterface: string; uplinks?: readonly string[] | undefined; readonly traits: HostTraits };
}
