import type { DaemonHost } from './daemon-host.ts';

/** Of the host itself, not of containers. */
export interface HostInterface {
	readonly name: string;
	readonly up: boolean;
	/** The bridge that it is a port of, else `''`. */
	readonly bridge: string;
	/** With prefix. */
	readonly addresses: readonly string[];
}

export interface HostUnderTest extends DaemonHost {
	/** Of the base image that it has, e.g. `Debian`. */
	readonly image: string;
	/** Network namespace that kleened reaches registries from; undefined: that of the test. */
	readonly namespace: string | undefined;
	/** One echo, a second to answer it: the words of its ping(8), for inside of containers too. */
	ping(address: string): readonly string[];
	interfaces(): Promise<HostInterface[]>;
	/** Whether somebody answers the host's ping within a second. */
	answers(address: string): Promise<boolean>;
}
