/**
 * The host that the acceptance tests below test/acceptance/everywhere run on, by `KLEENE_TEST_HOST`: `linux`, a network
 * namespace of this machine (the default), or `ssh://root@HOST[:PORT]`, a FreeBSD host. The same cases run on both.
 * `far` is a FreeBSD made of scripts (test/host-freebsd/far), which proves nothing but that the scripts sent there run.
 */
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
	/** One echo, a second to answer it: the words of its ping(8), for inside of containers too. */
	ping(address: string): readonly string[];
	interfaces(): Promise<HostInterface[]>;
	/** Whether somebody answers the host's ping within a second. */
	answers(address: string): Promise<boolean>;
}

export async function startHostUnderTest(): Promise<HostUnderTest> {
	const target = process.env.KLEENE_TEST_HOST ?? 'linux';
	if (target === 'linux') {
		const { startHostWithUplink } = await import('./base-image.ts');
		return startHostWithUplink();
	}
	if (target === 'far') {
		const { FarTestHost } = await import('../host-freebsd/far/far-test-host.ts');
		return FarTestHost.start();
	}
	if (!target.startsWith('ssh://'))
		throw new Error(`KLEENE_TEST_HOST is '${target}'; it can be linux or ssh://root@HOST[:PORT]`);
	const { FreebsdTestHost } = await import('./freebsd-test-host.ts');
	return FreebsdTestHost.start(target);
}
