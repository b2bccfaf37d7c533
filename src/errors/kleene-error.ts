import type { ErrorCode } from './codes.ts';

/** The parts of a refusal. `what`, `why` and `hint` are whole phrases without a final full stop. */
export interface ErrorParts {
	readonly code: ErrorCode;
	/** Operation that failed, e.g. `cannot create network testnet`. */
	readonly what: string;
	/** The reason, e.g. `its subnet 10.4.6.0/24 overlaps network web (10.4.0.0/16)`. */
	readonly why: string;
	/** Next step for the user, e.g. `choose another --subnet`. Required: a refusal without a next step is half a refusal. */
	readonly hint: string;
	/**
	 * The text that the wire contract gives for this case, where it gives one (an unmodified klee compares it).
	 * Default: `<what>: <why>`.
	 */
	readonly message?: string;
	readonly cause?: unknown;
}

/** The one error type that crosses layers: everything else is a defect of ours. */
export class KleeneError extends Error {
	readonly code: ErrorCode;
	readonly what: string;
	readonly why: string;
	readonly hint: string;

	constructor(parts: ErrorParts) {
		super(parts.message ?? `${parts.what}: ${parts.why}`, { cause: parts.cause });
		this.name = 'KleeneError';
		this.code = parts.code;
		this.what = parts.what;
		this.why = parts.why;
		this.hint = parts.hint;
	}
}

export function isKleeneError(error: unknown): error is KleeneError {
	return error instanceof KleeneError;
}

/** The same refusal, headed by the words for what was under way: `could not create container: <message>`. */
export function headed(what: string, error: unknown): unknown {
	if (!isKleeneError(error) || error.code === 'DAEMON_UNREACHABLE') return error;
	const { code, why, hint, message, cause } = error;
	return new KleeneError({ code, what, why, hint, message: `${what}: ${message}`, cause });
}

/** The text of anything thrown, for a `why` or a log line. */
export function messageOf(error: unknown): string {
	return error instanceof Error ? error.message : String(error);
}
