/**
 * The host that the acceptance tests below test/acceptance/everywhere run on, by `KLEENE_TEST_HOST`: `linux`, a network
 * namespace of this machine (the default), or `ssh://root@HOST[:PORT]`, a FreeBSD host. The same cases run on both.
 * `far` is a FreeBSD made of scripts (test/host-freebsd/far), which proves nothing but that the scripts sent there run.
 */
import type { HostUnderTest } from './host-contract.ts';

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
