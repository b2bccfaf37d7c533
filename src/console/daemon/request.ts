import { CONSOLE_ENDED, RefusalError, refusalIn } from './refusal.ts';

export interface Asking {
	readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
	/** Sent as JSON. */
	readonly body?: unknown;
	readonly signal?: AbortSignal;
}

/**
 * Asks the daemon.
 *
 * @param path as in docs, e.g. `/containers/list?all=true`; parts from users encoded
 * @returns the parsed answer, undefined where there is none; the caller names its type, which the schemas of `#api` promise
 * @throws RefusalError
 */
export async function ask<T>(path: string, { method = 'GET', body, signal }: Asking = {}): Promise<T> {
	const response = await fetch(`/api${path}`, {
		method,
		...(signal && { signal }),
		...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
	}).catch((cause: unknown) => {
		if (signal?.aborted) throw cause;
		throw new RefusalError(0, CONSOLE_ENDED);
	});
	const text = await response.text();
	const answer = parsed(text);
	if (!response.ok) throw new RefusalError(response.status, refusalIn(answer, response.status));
	return answer as T;
}

function parsed(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}
