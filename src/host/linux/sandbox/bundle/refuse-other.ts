import { KleeneError } from '#errors/kleene-error.ts';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import type { Bundle } from './bundle.ts';

/** A sandbox that is there may stay when it was made from the same part. */
export function refuseOther(bundle: Bundle, part: SandboxPart): void {
	const there = bundle.part();
	const differing = (['spec', 'mounts'] as const).filter(
		(key) => JSON.stringify(asStarted(there?.[key])) !== JSON.stringify(asStarted(part[key])),
	);
	if (differing.length === 0) return;
	throw new KleeneError({
		code: 'HOST_FAILED',
		what: `cannot make the sandbox of container ${part.container}`,
		why: `it is there with other ${differing.join(' and ')}`,
		hint: 'stop the container and start it again',
	});
}

/** The host name of a running container may have changed since. */
function asStarted(value: SandboxPart['spec' | 'mounts'] | undefined): object | undefined {
	return value && 'hostname' in value ? { ...value, hostname: '' } : value;
}
