import type { ErrorCode } from '#errors/codes.ts';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { Part } from '#model/part.ts';
import { failureOf } from '#model/step.ts';
import { hasCode } from '#os/errno.ts';

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
		why: `interface ${name} is there already and ${difference}`,
		hint: `choose another name, or remove it with "ip link delete ${name}" if nothing needs it`,
	});
}

/** Anything the kernel refused becomes a refusal of Kleene's with the kernel's words as the reason. */
export function asRefusal(verb: 'make' | 'unmake', part: Part, error: unknown): KleeneError {
	if (error instanceof KleeneError) return error;
	return refuse(verb, part, {
		code: 'HOST_FAILED',
		why: messageOf(error),
		hint: 'compare with "ip addr" and "ip route" on the host, then try again',
		cause: error,
	});
}

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
