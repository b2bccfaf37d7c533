import type { DetailedErrorResponse, ErrorResponse } from '#api/shapes.ts';
import type { ErrorCode } from '#errors/codes.ts';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { type DaemonAddress, describeAddress } from './address.ts';

/** Messages of the contract, which are all that the original daemon sends, by which klee tells what to do next. */
const CODES_OF_MESSAGES: Readonly<Record<string, ErrorCode>> = {
	'container not running': 'CONTAINER_NOT_RUNNING',
	'container not found': 'NO_SUCH_CONTAINER',
};

/** Of any daemon. */
type ErrorBody = ErrorResponse & Partial<DetailedErrorResponse>;

const SEE_LOG = 'see the log of kleened for more';

/**
 * An error body as the error it was in the daemon. Daemons that send only `message` are understood too.
 * @param doing what was asked for, e.g. `remove network web`
 */
export function refusalOf(body: string, status: number, doing: string): KleeneError {
	const answer = parseErrorBody(body);
	if (!answer)
		return new KleeneError({
			code: 'INTERNAL',
			what: 'Unexpected response received from Kleened',
			why: `status ${status} to the request to ${doing}`,
			hint: 'check that --host names a kleened and that it has the version of this klee',
		});
	return errorOf(answer, doing);
}

function errorOf(answer: ErrorBody, doing: string): KleeneError {
	const { message } = answer;
	return new KleeneError({
		code: (answer.code as ErrorCode | undefined) ?? CODES_OF_MESSAGES[message] ?? 'INTERNAL',
		what: answer.what ?? `cannot ${doing}`,
		why: answer.why ?? message,
		hint: answer.hint ?? SEE_LOG,
		message,
	});
}

/** @param body an error body that came in a WebSocket frame; undefined where the text is none */
export function refusalInFrame(body: string, doing: string): KleeneError | undefined {
	const answer = parseErrorBody(body);
	return answer && errorOf(answer, doing);
}

function parseErrorBody(body: string): ErrorBody | undefined {
	try {
		const value: unknown = JSON.parse(body);
		return isErrorBody(value) ? value : undefined;
	} catch {
		return undefined;
	}
}

function isErrorBody(value: unknown): value is ErrorBody {
	return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string';
}

/** A failure below HTTP: nobody listens, no permission, TLS does not agree, the daemon went away. */
export function unreachable(address: DaemonAddress, cause: unknown): KleeneError {
	const code = errnoOf(cause);
	const place = describeAddress(address);
	const [why, hint] = reasons(code, place) ?? [
		messageOf(cause) || code || 'unknown reason',
		`check that kleened listens at ${place} and that the TLS options fit`,
	];
	return new KleeneError({
		code: 'DAEMON_UNREACHABLE',
		what: 'unable to connect to kleened',
		why,
		hint,
		cause,
	});
}

function reasons(code: string | undefined, place: string): readonly [string, string] | undefined {
	const start = 'start it as root with "kleened", or name the address of a running one: --host http:///path/to.sock';
	switch (code) {
		case 'ENOENT':
			return [`there is no socket ${place}`, start];
		case 'ECONNREFUSED':
			return [`nothing listens at ${place}`, start];
		case 'EACCES':
		case 'EPERM':
			return [`permission denied for ${place}`, 'run klee as root, or ask for access to the socket'];
		case 'ENOTFOUND':
		case 'EAI_AGAIN':
			return [`the name in ${place} has no address`, 'correct --host'];
		case 'ETIMEDOUT':
			return [`${place} does not answer`, 'check --host and the firewall between here and there'];
		case 'ECONNRESET':
		case 'EPIPE':
			return [
				`${place} closed the connection without an answer`,
				'kleened ended, or has no file descriptors left to answer with: see its log, then try again',
			];
		// Codes of TLS, tls(7) of Node: X509 and alerts.
		case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
		case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
		case 'SELF_SIGNED_CERT_IN_CHAIN':
		case 'DEPTH_ZERO_SELF_SIGNED_CERT':
			return ['no trusted authority signed the certificate of kleened', 'name its CA certificate: --tlscacert FILE'];
		case 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED':
			return [`${place} requires a client certificate`, 'name one: --tlscert FILE --tlskey FILE'];
		default:
			return undefined;
	}
}

function errnoOf(cause: unknown): string | undefined {
	if (cause instanceof AggregateError) return errnoOf(cause.errors[0]);
	if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
	return undefined;
}
