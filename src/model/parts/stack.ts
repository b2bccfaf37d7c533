import type { SandboxSpec } from '../sandbox.ts';
import { none, type PartDefinition } from './definition.ts';
import { stackOf } from './references.ts';

/**
 * A network stack of a container's own: a network namespace, or a jail without processes. Its loopback interface is up.
 */
export interface StackPart {
	readonly kind: 'stack';
	readonly container: string;
	/** For hosts where the stack is not to be had without the rest of the isolation. */
	readonly spec?: SandboxSpec;
}

export const stack = {
	layer: 'network',
	absence: { severity: 'error', why: 'the container has no network at all' },
	identity: (part) => part.container,
	title: (part) => `the network stack of container ${part.container}`,
	provides: (part) => [stackOf(part.container)],
	standsOn: none,
	removedWith: none,
} satisfies PartDefinition<StackPart>;
