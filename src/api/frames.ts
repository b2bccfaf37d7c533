/**
 * Frames of the WebSockets (`/exec/start`, `/containers/run`, `/containers/attach`, `/images/create`). No imports: the client bundles it.
 *
 * The original protocol merges stdout and stderr, has no end of input and no window size. A client that offers the
 * subprotocol `kleene.streams` gets these too:
 * - from the daemon: binary frames whose first byte names the stream (1 stdout, 2 stderr);
 * - to the daemon: binary frames are input, text frames are a `ClientControl` as JSON;
 * - a start that fails: one text frame, a `WebSocketMessage` of type `error` whose `data` is the refusal as JSON (the body
 *   of a REST error: code, what, why, hint, message), then close 1011. It comes instead of the starting frame;
 *   For `/images/create` it comes after the starting frame and the progress, in place of the bare reason;
 * - from `/containers/run`, in the starting frame: `container_id` and `exec_id`;
 * - at the end, close 1000 with `exit_code` beside the sentence, in place of the empty `data`: both do not fit into a reason.
 * Without the subprotocol frames are as in the original: output in both directions verbatim.
 */
export const STREAMS_SUBPROTOCOL = 'kleene.streams';

export const STDOUT = 1;
export const STDERR = 2;

export type ClientControl =
	| { readonly type: 'resize'; readonly rows: number; readonly columns: number }
	| { readonly type: 'end-of-input' }
	| { readonly type: 'signal'; readonly signal: ForwardedSignal };

/** Signals that ask a program to end. */
export const ENDING_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/**
 * Signals for the process of a session. Left out: those of job control, which are for the client itself, and SIGWINCH, for
 * which there is `resize`. Each exists on Linux and FreeBSD.
 */
export const FORWARDED_SIGNALS = [
	...ENDING_SIGNALS,
	'SIGUSR1',
	'SIGUSR2',
	'SIGALRM',
	'SIGVTALRM',
	'SIGABRT',
	'SIGTRAP',
	'SIGSYS',
	'SIGIO',
] as const;

export type ForwardedSignal = (typeof FORWARDED_SIGNALS)[number];

/** Keys in alphabetical order: the exact text of the first frame is part of the contract. */
export interface WebSocketMessage {
	readonly data: string;
	/** Ids of what a run created; only in its starting frame. */
	readonly container_id?: string;
	readonly exec_id?: string;
	/** Exit code of the process, 0–255; only with the subprotocol. */
	readonly exit_code?: number;
	readonly message: string;
	readonly msg_type: 'starting' | 'closing' | 'error';
}

export const CLOSE = { finished: 1000, detached: 1001, badRequest: 1002, failed: 1011, leaving: 1012 } as const;

/** A control frame holds at most 125 bytes, two of them are the code. */
const REASON_BYTES = 123;

/** Not a Buffer: a browser has none. */
const utf8 = new TextEncoder();

/** A frame or close reason as JSON. `message` is shortened, never the JSON, so that it always parses. */
export function encodeMessage(message: WebSocketMessage, limit = Number.POSITIVE_INFINITY): string {
	const { data, exit_code, container_id, exec_id, msg_type } = message;
	const given = exit_code === undefined ? { container_id, data, exec_id } : { exit_code };
	let text = message.message;
	for (;;) {
		const encoded = JSON.stringify({ ...given, message: text, msg_type });
		const excess = utf8.encode(encoded).length - limit;
		if (excess <= 0 || text === '') return encoded;
		text = `${[...text].slice(0, -Math.max(2, Math.ceil(excess / 4))).join('')}…`.replace(/^\u2026$/, '');
	}
}

export function closeReason(message: WebSocketMessage): string {
	return encodeMessage(message, REASON_BYTES);
}

/** @param created ids of what a run created */
export function starting(data = '', created?: { readonly container_id: string; readonly exec_id: string }): string {
	return encodeMessage({ ...created, data, message: '', msg_type: 'starting' });
}

/** The closing lines of an execution instance. */
export function closingLine(executionId: string, code: number, sandboxEnded: boolean): string {
	return sandboxEnded
		? `executable ${executionId} and its container exited with exit-code ${code}`
		: `${executionId} has exited with exit-code ${code}`;
}
