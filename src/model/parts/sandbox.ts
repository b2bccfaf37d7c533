import type { RunMountPlace } from '../build/run-mounts.ts';
import type { NameEntry } from '../host/host-names.ts';
import type { Mount } from '../mount.ts';
import type { SandboxSpec } from '../sandbox.ts';
import { none, type PartDefinition } from './definition.ts';
import { rootMountOf, runMountsOf } from './references.ts';
import { volumeOf } from './volume.ts';

/** The isolation a container's processes run in, with its first process ready and not yet started. */
export interface SandboxPart {
	readonly kind: 'sandbox';
	readonly container: string;
	readonly spec: SandboxSpec;
	readonly mounts: readonly Mount[];
	/** Names in its hosts(5) file besides those of its image, on hosts with a resolver; absent: none. */
	readonly names?: readonly NameEntry[];
	/** Places of mounts that were prepared for one RUN of a build; absent: none. */
	readonly runMounts?: readonly RunMountPlace[];
}

export const sandbox = {
	layer: 'process',
	absence: 'not compared',
	identity: (part) => part.container,
	title: (part) => `container ${part.container}`,
	provides: none,
	/** Not on its stack: when the last process has ended, files and network are taken down side by side. */
	standsOn: (part) => [
		rootMountOf(part.container),
		...(part.runMounts ? [runMountsOf(part.container)] : []),
		...part.mounts.flatMap(volumeOf),
	],
	removedWith: none,
} satisfies PartDefinition<SandboxPart>;
