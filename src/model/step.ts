import type { Part } from './part.ts';

/** One change to a host: a part that is to be there, or to be gone. Its inverse is the other verb. */
export interface Step {
	readonly verb: 'make' | 'unmake';
	readonly part: Part;
}

export function make(part: Part): Step {
	return { verb: 'make', part };
}

export function unmake(part: Part): Step {
	return { verb: 'unmake', part };
}

export function inverseOf(step: Step): Step {
	return { verb: step.verb === 'make' ? 'unmake' : 'make', part: step.part };
}

/** Parts in the order in which they are made, taken apart in the opposite one. */
export function unmakeAll(parts: readonly Part[]): Step[] {
	return parts.toReversed().map(unmake);
}
