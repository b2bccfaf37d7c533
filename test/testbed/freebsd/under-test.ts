/**
 * The FreeBSD host of the tests below test/acceptance/freebsd, by `KLEENE_TEST_HOST`: `ssh://root@HOST[:PORT]`, or `far`, a host
 * made of scripts, behind an sshd where this machine has one. Their daemon is probed: see probed-shell.ts.
 */
import type { FreebsdUnderTest } from './contract.ts';

/** Why these tests are skipped; false: there is a host for them. */
export const withoutFreebsd = /^(far$|ssh:)/.test(process.env.KLEENE_TEST_HOST ?? '')
	? (false as const)
	: 'KLEENE_TEST_HOST names no FreeBSD host';

export async function startFreebsdUnderTest(): Promise<FreebsdUnderTest> {
	const target = process.env.KLEENE_TEST_HOST ?? '';
	if (target === 'far') {
		const { FarTestHost } = await import('../../host-freebsd/far/far-test-host.ts');
		return FarTestHost.startProbed();
	}
	const { FreebsdTestHost } = await import('../freebsd-test-host.ts');
	return FreebsdTestHost.start(target, { probed: true });
}
