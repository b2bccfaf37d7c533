import { type Part, titleOf } from './part.ts';

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

/** Failed operation, as the `what` of a refusal, e.g. `cannot set up epair0 of container 2f1dc29b8f36`. */
export function failureOf({ verb, part }: Step): string {
	return `cannot ${verb === 'make' ? 'set up' : 'take down'} ${titleOf(part)}`;
}
