import type { HostLimits } from '#model/host/traits.ts';

const LEARNED_ADDRESSES = 1024;

/** Limits of this host: those that were asked for, and defaults for the others. */
export function limitsOf(asked: Partial<HostLimits>): HostLimits {
	return { learnedAddresses: asked.learnedAddresses ?? LEARNED_ADDRESSES };
}
