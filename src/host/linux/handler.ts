import type { ApplyOptions } from '#host/driver.ts';
import type { PartKind, PartOf } from '#model/part.ts';

/** Makes, unmakes and describes one kind of part on Linux. */
export interface PartHandler<K extends PartKind> {
	make(part: PartOf<K>, options: ApplyOptions): void | Promise<void>;
	unmake(part: PartOf<K>, options: ApplyOptions): void | Promise<void>;
	/** The same in the words of `ip`, `mount`, `runc`: one line each. */
	describe(verb: 'make' | 'unmake', part: PartOf<K>): string[];
}

/** One handler for each kind: a new kind of part does not compile until the host knows it. */
export type PartHandlers = { readonly [K in PartKind]: PartHandler<K> };
