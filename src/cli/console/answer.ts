import type { IncomingMessage, ServerResponse } from 'node:http';
import { KleeneError } from '#errors/kleene-error.ts';

/** On every answer. The page is in no frame of others, and nothing is read by other pages or kept by the browser. */
export const GUARDS: Readonly<Record<string, string>> = {
	'cache-control': 'no-store',
	'cross-origin-opener-policy': 'same-origin',
	'cross-origin-resource-policy': 'same-origin',
	'referrer-policy': 'no-referrer',
	'x-content-type-options': 'nosniff',
	'x-frame-options': 'DENY',
};

/** For the page: own script and style sheet, no inline ones, connections to this server. @param host value of `Host` */
export function pagePolicy(host: string): string {
	return [
		`default-src 'none'`,
		`script-src 'self'`,
		`style-src 'self'`,
		`img-src 'self' data: blob:`,
		`worker-src 'self'`,
		// Browsers differ in whether 'self' has WebSockets.
		`connect-src 'self' ws://${host}`,
		`base-uri 'none'`,
		`form-action 'none'`,
		`frame-ancestors 'none'`,
	].join('; ');
}

/** For everything else: data of the daemon stays data, also where it is opened as a page. */
export const DATA_POLICY = `default-src 'none'; frame-ancestors 'none'; sandbox`;

export function send(response: ServerResponse, status: number, type: string, body: string | Buffer, more = {}): void {
	const length = Buffer.byteLength(body);
	response.writeHead(status, {
		...GUARDS,
		'content-security-policy': DATA_POLICY,
		'content-type': type,
		'content-length': length,
		...more,
	});
	response.end(body);
}

/** A refusal as the daemon sends them, with all details. */
export function refusalBody({ code, what, why, hint, message }: KleeneError): string {
	return JSON.stringify({ code, what, why, hint, message });
}

/** For programs JSON, for people who opened the address lines of text. */
export function sendRefusal(
	request: IncomingMessage,
	response: ServerResponse,
	status: number,
	error: KleeneError,
): void {
	if (response.headersSent) {
		response.destroy();
		return;
	}
	const readable = request.headers.accept?.includes('text/html');
	const { what, why, hint } = error;
	if (!readable) send(response, status, 'application/json', refusalBody(error));
	else send(response, status, 'text/plain; charset=utf-8', `error: ${what}\n  why: ${why}\n hint: ${hint}\n`);
}

export function noSession(): KleeneError {
	return notAllowed('this browser has no session', 'press Enter in the terminal of klee console, and open the address');
}

export function notAllowed(why: string, hint = 'open the address that klee console prints'): KleeneError {
	return new KleeneError({ code: 'NOT_ALLOWED', what: 'klee console does not answer', why, hint });
}

export function noSuchPage(): KleeneError {
	const why = 'there is nothing at this address';
	return new KleeneError({ code: 'NO_SUCH_OBJECT', what: 'klee console does not answer', why, hint: 'open /' });
}
