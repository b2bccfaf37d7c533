import type { ApplyOptions } from '#host/driver.ts';
import type { PartKind, PartOf } from '#model/part.ts';
import type { Script } from '#os/shell/quote.ts';

/** Inputs for rendering a script. */
export interface HandlerOptions extends ApplyOptions {
	/** Inner ends of the cables of a container that the same plan unmakes. */
	readonly cablesOf?: (container: string) => readonly string[];
	/** Whether the same plan destroys this interface of a network. */
	readonly goes?: (name: string) => boolean;
}

/**
 * Makes, unmakes and describes one kind of part on FreeBSD: as text for a POSIX shell on that host, so that many steps
 * travel together. `batch.ts` runs each script in a subshell with `set -e`, its input empty, `LC_ALL=C`, a safe PATH;
 * what the scripts before it set may be there, as they share the subshell until one fails or leaves by `exit`
 * (`known.ts`). Its output is progress for the user, its error output the reason of a failure.
 *
 * Safe to repeat: a script looks first, as there is nobody to ask in between. Making what is there and unmaking what is
 * gone both succeed; what is there and is not ours is refused: `refusals.ts` says how.
 */
export interface PartHandler<K extends PartKind> {
	/** Looks whether something holds on the host without which the part cannot be made: before anything else of an exchange. */
	require?(part: PartOf<K>): Script | undefined;
	make(part: PartOf<K>, options: HandlerOptions): Script;
	/**
	 * A step that is more than a script, as data passes through the daemon: the daemon does it between the exchanges. Absent
	 * or undefined: the script is all of it.
	 */
	perform?(verb: 'make' | 'unmake', part: PartOf<K>): ((options: ApplyOptions) => Promise<void>) | undefined;
	unmake(part: PartOf<K>, options: HandlerOptions): Script;
	/** The same in the words of `ifconfig`, `jail`, `zfs`, `pfctl`: one line each, without the looking first. */
	describe(verb: 'make' | 'unmake', part: PartOf<K>): string[];
}

/** One handler for each kind: a new kind of part does not compile until the host knows it. */
export type PartHandlers = { readonly [K in PartKind]: PartHandler<K> };
