import type { ErrorResponse } from '#api/shapes.ts';
import { isKleeneError, type KleeneError, messageOf } from '#errors/kleene-error.ts';

/** The error statuses that the contract lists for an endpoint; an unmodified klee crashes on any other. */
export type ErrorStatuses = readonly (404 | 409 | 500)[];

/** Codes that say "there is none". */
const NOT_FOUND = /^NO_SUCH_(?!INTERFACE)/;

/** The status for a refusal: the fitting one if the endpoint has it, else the nearest that it has. */
export function statusOf(error: unknown, statuses: ErrorStatuses): number {
	const wanted = !isKleeneError(error) || error.code === 'INTERNAL' ? 500 : NOT_FOUND.test(error.code) ? 404 : 409;
	if (statuses.includes(wanted)) return wanted;
	return statuses.find((status) => status !== 500) ?? 500;
}

/** A refusal as the wire has it. Anything that is not a KleeneError is a defect of ours and says so. */
export function refusalBody(error: unknown): ErrorResponse {
	if (!isKleeneError(error)) {
		const why = messageOf(error);
		const hint = 'see the log of the daemon, and report it with the lines around this time';
		return { message: `internal error: ${why}`, code: 'INTERNAL', what: 'the daemon failed', why, hint };
	}
	const { message, code, what, why, hint } = error satisfies KleeneError;
	return { message, code, what, why, hint };
}

/** Translates fastify's schema errors, using the texts of the contract where it has some. */
export function validationMessage(error: {
	message: string;
	validation?: readonly ValidationIssue[] | undefined;
}): string {
	const [issue] = error.validation ?? [];
	if (!issue) return error.message;
	const field = issue.instancePath.split('/').at(-1) ?? '';
	if (issue.keyword === 'required') return `Missing field: ${issue.params.missingProperty}`;
	if (issue.keyword === 'maxLength') return `String length is larger than maxLength: ${issue.params.limit}`;
	if (issue.keyword === 'type') return `Invalid ${issue.params.type}: ${field || 'body'}`;
	if (issue.keyword === 'anyOf' || issue.keyword === 'enum' || issue.keyword === 'const')
		return `Invalid value for enum: ${field}`;
	return error.message;
}

export interface ValidationIssue {
	readonly keyword: string;
	readonly instancePath: string;
	readonly params: Record<string, unknown>;
}
