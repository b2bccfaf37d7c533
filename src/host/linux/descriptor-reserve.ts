import { explainExhaustion } from '#errors/exhaustion.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { PartKind } from '#model/part.ts';
import { descriptorLimit, openDescriptors } from '#os/descriptors.ts';

/** Descriptors that are kept for answering requests, for teardowns, and for starts that were admitted already. */
const RESERVE = 48;

/** Parts that hold descriptors, or whose making takes many. */
const COSTLY: ReadonlySet<PartKind> = new Set<PartKind>(['stack', 'sandbox', 'resolver', 'layer']);

/**
 * Refuses new work while so few file descriptors are left that stopping a container could fail.
 *
 * @param what failed, `cannot ...`
 * @throws KleeneError HOST_EXHAUSTED
 */
export async function requireDescriptors(what: string): Promise<void> {
	const [open, limit] = [await openDescriptors(), descriptorLimit()];
	if (limit - open >= Math.min(RESERVE, limit / 2)) return;
	const { code, hint } = explainExhaustion('descriptors');
	const why = `the daemon has ${open} of ${limit} file descriptors open, and keeps the others for what runs`;
	throw new KleeneError({ code, what, why, hint });
}

export function takesDescriptors(kind: PartKind): boolean {
	return COSTLY.has(kind);
}
