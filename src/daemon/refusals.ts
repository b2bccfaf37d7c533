import { DETAILED_ERROR } from '#api/media-types.ts';
import { DetailedErrorResponse, ErrorResponse } from '#api/shapes.ts';
import { refuseExhausted } from '#errors/exhaustion.ts';
import { isKleeneError, type KleeneError, messageOf } from '#errors/kleene-error.ts';

/** The error statuses that the contract lists for an endpoint; an unmodified klee crashes on any other. */
export type ErrorStatuses = readonly (404 | 409 | 500)[];

/** Codes that say "there is none". */
const NOT_FOUND = /^NO_SUCH_(?!INTERFACE)/;

/** Codes that blame the request itself, whatever the state of the host. */
const MALFORMED = /^(INVALID_|NO_SUCH_INTERFACE$)/;

/** Codes that blame the host or the daemon: a client can do nothing about them. */
const SERVER_SIDE: ReadonlySet<string> = new Set([
	'INTERNAL',
	'HOST_FAILED',
	'HOST_EXHAUSTED',
	'HOST_UNREACHABLE',
	'STORE_UNUSABLE',
]);

/** Status by the meaning of a refusal: 400, 404, 409, or 500 for failures of the host and defects of the daemon. */
export function statusOf(error: unknown): 400 | 404 | 409 | 500 {
	if (!isKleeneError(error) || SERVER_SIDE.has(error.code)) return 500;
	if (NOT_FOUND.test(error.code)) return 404;
	return MALFORMED.test(error.code) ? 400 : 409;
}

/** The original klee, which crashes on statuses that the contract does not list for an endpoint, is built on httpx. */
function isOriginalClient(userAgent: string | undefined): boolean {
	return userAgent?.startsWith('python-httpx/') === true;
}

/** Headers of a request that say which errors its client understands. */
export interface ClientHeaders {
	readonly accept?: string | undefined;
	readonly 'user-agent'?: string | undefined;
}

/** An error as one client gets it. */
export interface ErrorAnswer {
	readonly status: number;
	readonly type: string;
	readonly body: ErrorResponse | DetailedErrorResponse;
}

/**
 * Answer to a failed request. Clients that accept `DETAILED_ERROR` get all of it, with the status that it means; others
 * get the message, with the nearest status that the contract lists for the endpoint.
 */
export function errorAnswer(error: unknown, statuses: ErrorStatuses, headers: ClientHeaders): ErrorAnswer {
	const body = refusalBody(error);
	if (headers.accept?.includes(DETAILED_ERROR)) return { status: statusOf(error), type: DETAILED_ERROR, body };
	const listed = listedStatus(error, statuses);
	// An endpoint that lists 500 alone: other clients than the original can read that the request is at fault.
	const status = listed === 500 && !isOriginalClient(headers['user-agent']) ? statusOf(error) : listed;
	return { status, type: 'application/json', body: { message: body.message } };
}

/** Schema of the answers above, for the description of the API. */
const ERRORS = {
	description: 'Error. Clients that accept `application/vnd.kleene.error+json` get code, reason and hint too',
	content: { 'application/json': { schema: ErrorResponse }, [DETAILED_ERROR]: { schema: DetailedErrorResponse } },
};
export const ERROR_RESPONSES = { '4xx': ERRORS, '5xx': ERRORS } as const;

/** Nearest status that the contract lists for an endpoint. */
function listedStatus(error: unknown, statuses: ErrorStatuses): number {
	const wanted = !isKleeneError(error) || error.code === 'INTERNAL' ? 500 : NOT_FOUND.test(error.code) ? 404 : 409;
	if (statuses.includes(wanted)) return wanted;
	return statuses.find((status) => status !== 500) ?? 500;
}

/** A refusal as the wire has it. Anything that is not a KleeneError is a defect of ours and says so. */
export function refusalBody(thrown: unknown): DetailedErrorResponse {
	const error = refuseExhausted('cannot complete the request', thrown);
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
