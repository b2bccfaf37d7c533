import { KleeneError } from '#errors/kleene-error.ts';
import type { RunMountsPart } from '#model/parts/files.ts';
import { type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';

/** Mounts of one RUN of a build. Every RUN has the part; on FreeBSD those with mounts are refused before the host is asked. */
export const runMounts: PartHandler<'run-mounts'> = {
	make: requireNone,
	unmake: requireNone,
	describe: () => [],
};

function requireNone({ mounts }: RunMountsPart): Script {
	if (mounts.length === 0) return sh`:`;
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot mount into a RUN',
		why: 'on FreeBSD RUN has no --mount',
		hint: 'leave it out, or build the image on Linux',
	});
}
