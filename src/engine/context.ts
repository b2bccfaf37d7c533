import type { HostDriver } from '#host/driver.ts';
import type { HostTraits } from '#model/traits.ts';
import type { Store } from '#store/store.ts';
import type { Events } from './events.ts';
import type { Executor } from './executor.ts';
import type { KeyedLocks } from './locks.ts';
import type { Recorder } from './recorder.ts';

/** The part of a logger that the engine uses: fields first, then the message. */
export interface Logger {
	debug(fields: object, message: string): void;
	info(fields: object, message: string): void;
	warn(fields: object, message: string): void;
	error(fields: object, message: string): void;
}

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
	/** Errors and the like; what happened is told to `events`. */
	readonly log: Logger;
	readonly events: Events;
	/** ISO 8601 with microseconds, UTC, never the same twice: lists are ordered by it. */
	readonly timestamp: () => string;
	/** Last observation of the host, refreshed when it changes. */
	readonly seen: { gatewayInterface: string; readonly traits: HostTraits };
}
