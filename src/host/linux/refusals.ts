import type { ErrorCode } from '#errors/codes.ts';
import { exhaustedResource, explainExhaustion } from '#errors/exhaustion.ts';
import { isKleeneError, KleeneError, messageOf } from '#errors/kleene-error.ts';
import { explainArchive } from '#host/registry/archive-failure.ts';
import { layerOf, type Part } from '#model/part.ts';
import type { Layer } from '#model/parts/definition.ts';
import { failureOf, type Step } from '#model/step.ts';
import { ArchiveError } from '#os/archive/archive-error.ts';
import { hasCode } from '#os/errno.ts';
import { CommandError } from '#os/exec.ts';
import { NftablesError } from '#os/linux/nftables.ts';
import { OciTimeout } from '#os/linux/oci/failure.ts';

export interface Refusal {
	readonly code: ErrorCode;
	readonly why: string;
	readonly hint: string;
	readonly cause?: unknown;
}

export function refuse(verb: 'make' | 'unmake', part: Part, { code, why, hint, cause }: Refusal): KleeneError {
	return new KleeneError({ code, what: failureOf({ verb, part }), why, hint, cause });
}

export function noInterface(part: Part, name: string): KleeneError {
	return refuse('make', part, {
		code: 'NO_SUCH_INTERFACE',
		why: `the host has no interface ${name}`,
		hint: 'look at "ip link" and create the interface or choose another',
	});
}

export function interfaceTaken(part: Part, name: string, difference: string): KleeneError {
	return refuse('make', part, {
		code: 'INTERFACE_TAKEN',
		why: `interface ${name} already exists and ${difference}`,
		hint: `choose another name, or remove it with "ip link delete ${name}" if nothing needs it`,
	});
}

const HINTS: { readonly [L in Layer]: string } = {
	network: 'compare with "ip addr" and "ip route" on the host, then try again',
	firewall: 'look at "nft list table inet kleene"',
	storage: 'see the reason; free some space below the root directory of the daemon if there is none',
	process: 'see the reason, and "klee container inspect NAME" what the container is started with',
};

/** Runs the work of a step; what the kernel, a library or a tool refuses leaves as a refusal of Kleene, here alone. */
export async function translateErrors(step: Step, work: () => void | Promise<void>): Promise<void> {
	try {
		await work();
	} catch (error) {
		throw translateError(step, error);
	}
}

/** The refusal for anything that a handler throws, with the words of who refused as the reason. */
export function translateError(step: Step, error: unknown): KleeneError {
	if (isKleeneError(error)) return error;
	return new KleeneError({ what: failureOf(step), ...explain(step.part, error), cause: error });
}

function explain(part: Part, error: unknown): Pick<Refusal, 'code' | 'why' | 'hint'> & { message?: string } {
	if (error instanceof ArchiveError) return explainArchive(error);
	const resource = exhaustedResource(error);
	if (resource !== undefined) return explainExhaustion(resource);
	const code = part.kind === 'layer' ? 'IMAGE_FAILED' : 'HOST_FAILED';
	return { code, why: reasonOf(error), hint: hintFor(layerOf(part), error) };
}

/** In the words of the tool, of nft the first line: the others repeat the commands. */
export function reasonOf(error: unknown): string {
	if (error instanceof NftablesError) return error.message.split('\n')[0] ?? '';
	return error instanceof CommandError && error.stderr !== '' ? error.stderr : messageOf(error);
}

export function hintFor(layer: Layer, error: unknown): string {
	if (error instanceof OciTimeout)
		return 'see whether every file system that the container mounts still answers ("klee container inspect NAME", and ls), and try again';
	return HINTS[layer];
}

/** Error codes of the kernel for an address, a route or an interface that does not exist. */
export const GONE = ['EADDRNOTAVAIL', 'ENODEV', 'ESRCH', 'ENOENT', 'ENETUNREACH'];

/** Run something whose aim may have been reached already, which the kernel reports as one of these errors. */
export function unlessGone(codes: readonly string[], run: () => void): void {
	try {
		run();
	} catch (error) {
		if (!hasCode(error, ...codes)) throw error;
	}
}

/** The same for something that takes its time. */
export async function onceGone(codes: readonly string[], going: Promise<void>): Promise<void> {
	try {
		await going;
	} catch (error) {
		if (!hasCode(error, ...codes)) throw error;
	}
}

/**
 * Run something in several steps. When one fails, the steps before it are taken back in the opposite order.
 *
 * @param run calls its parameter after each step with what takes that step back
 */
export function allOrNothing<T>(run: (done: (undo: () => void) => void) => T): T {
	const undos: (() => void)[] = [];
	try {
		return run((undo) => undos.push(undo));
	} catch (error) {
		for (const undo of undos.toReversed())
			try {
				undo();
			} catch {
				// The first error says what is wrong; a second one while cleaning up would hide it.
			}
		throw error;
	}
}
