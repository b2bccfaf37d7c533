import type { IncomingHttpHeaders } from 'node:http';

/** Parts of a request by which a browser says for whom it asks. */
export interface Asked {
	readonly method: string;
	readonly headers: IncomingHttpHeaders;
	/** It asks for a WebSocket. */
	readonly upgrade: boolean;
}

/** Whether the request names the server by an address of its own, and not by a name that somebody had point here. */
export function isOwnHost({ headers }: Asked, port: number): boolean {
	return headers.host === `127.0.0.1:${port}` || headers.host === `localhost:${port}`;
}

/**
 * Why a request is not one of the page itself. Fetch Metadata (W3C) tells most; browsers that do not send it tell the origin of
 * all that changes anything, and send no cookie with the rest.
 *
 * @returns undefined where nothing speaks against it
 */
export function foreignness(asked: Asked): string | undefined {
	const { method, headers, upgrade } = asked;
	const { host, origin } = headers;
	const changes = upgrade || (method !== 'GET' && method !== 'HEAD');
	if (origin !== undefined && origin !== `http://${host}`) return 'another page asked for it';
	if (origin === undefined && changes) return 'it does not say which page asked for it';
	const site = headers['sec-fetch-site'];
	if (site === undefined || site === 'same-origin') return undefined;
	// An address that was typed, or opened from another program.
	if (site === 'none' && !changes) return undefined;
	return 'another page asked for it';
}

/** Whether a page is to be shown, not a picture, script or frame of another one. */
export function isNavigation({ method, headers, upgrade }: Asked): boolean {
	const { 'sec-fetch-mode': mode = 'navigate', 'sec-fetch-dest': destination = 'document' } = headers;
	return method === 'GET' && !upgrade && mode === 'navigate' && destination === 'document';
}
