/** A refusal of the daemon, or of klee on its behalf: the body of an error. */
export interface Refusal {
	/** See docs/errors.md. */
	readonly code: string;
	readonly what: string;
	readonly why: string;
	readonly hint: string;
}

export class RefusalError extends Error {
	/** Of HTTP. */
	readonly status: number;
	readonly refusal: Refusal;

	constructor(status: number, refusal: Refusal) {
		super(`${refusal.what}: ${refusal.why}`);
		this.name = 'RefusalError';
		this.status = status;
		this.refusal = refusal;
	}
}

/** klee console on this machine does not answer. */
export const CONSOLE_ENDED: Refusal = {
	code: 'CONSOLE_ENDED',
	what: 'klee console has ended',
	why: 'nothing answers at the address of this page',
	hint: 'type "klee console", and open the address that it prints',
};

/** @param body parsed JSON; anything else becomes a refusal that names the status */
export function refusalIn(body: unknown, status: number): Refusal {
	if (isRefusal(body)) return body;
	return {
		code: 'INTERNAL',
		what: 'the daemon did not understand the page',
		why: `status ${status}`,
		hint: 'check that klee and kleened are of the same version',
	};
}

/** @param error anything that was thrown */
export function refusalOf(error: unknown): Refusal {
	if (error instanceof RefusalError) return error.refusal;
	return { code: 'INTERNAL', what: 'the page failed', why: String(error), hint: 'reload the page' };
}

function isRefusal(value: unknown): value is Refusal {
	if (typeof value !== 'object' || value === null) return false;
	return ['code', 'what', 'why', 'hint'].every((key) => typeof Reflect.get(value, key) === 'string');
}
