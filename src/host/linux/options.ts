import type { NameLookup } from '#host/driver.ts';
import type { HostLimits } from '#model/host/traits.ts';

export interface LinuxHostOptions {
	readonly root: string;
	/** Name or path of a network namespace; undefined: the daemon's own. */
	readonly netns: string | undefined;
	/** Name servers for what is no container, `ADDRESS[:PORT]`; none: those of the host's resolv.conf. */
	readonly dns: readonly string[];
	readonly names: NameLookup;
	/** Absent: the defaults. */
	readonly limits?: Partial<HostLimits>;
	/** Milliseconds; see `HostOptions`. */
	readonly downloadTimeout?: number | undefined;
	readonly log: { warn(fields: object, message: string): void };
}
