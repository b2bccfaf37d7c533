/** What the tests below test/acceptance/freebsd need of a host. */
import type { Outcome } from '../command.ts';
import type { HostUnderTest } from '../host-contract.ts';
import type { Probe } from './probe.ts';

export interface FreebsdUnderTest extends HostUnderTest {
	/** True for a kernel, false for the host made of scripts. */
	readonly isReal: boolean;
	/** Whether its daemon reaches it by ssh. */
	readonly isRemote: boolean;
	readonly probe: Probe;
	/** Runs a text for sh(1) on the host. */
	sh(text: string): Promise<Outcome>;
}
