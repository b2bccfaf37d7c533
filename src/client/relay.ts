import type { ClientRequest } from 'node:http';
import type { KleeneError } from '#errors/kleene-error.ts';
import { describeAddress } from './address.ts';
import { ACCEPT, endpointOptions, type HttpTransport, limitConnecting } from './http.ts';

/** A request of another program. `path` with its query, as it was sent. */
export interface RelayedRequest {
	readonly method: string;
	readonly path: string;
	readonly headers: Readonly<Record<string, string>>;
}

/** Passes on requests of other programs to the daemon, unread. */
export interface Relay {
	/** Address of the daemon as the user wrote it. */
	readonly address: string;
	/**
	 * Opens a request over a connection of its own; a tunnel that has ended is opened again. Errors have all details.
	 *
	 * @returns the request, whose body is to be written and ended
	 * @throws KleeneError DAEMON_UNREACHABLE
	 */
	open(request: RelayedRequest): Promise<ClientRequest>;
	/** @param cause failure of a request. @returns DAEMON_UNREACHABLE */
	unreachable(cause: unknown): Promise<KleeneError>;
}

/** Milliseconds of silence after which the kernel asks whether the machine of the daemon is still there. */
const KEEP_ALIVE = 30_000;

export function relayOf(http: HttpTransport): Relay {
	return {
		address: describeAddress(http.address),
		open: async ({ method, path, headers }) => {
			const place = await http.place(true);
			const { tls } = http.address;
			const { request: send } = tls ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
			const request = send({
				...endpointOptions(place),
				...(tls && http.tls),
				// A connection that is used again may be one that the daemon has just closed.
				agent: false,
				method,
				path,
				// A daemon that closes after its answer would break off the end of our body, and with it the answer.
				headers: { connection: 'keep-alive', ...headers, accept: ACCEPT },
			});
			limitConnecting(request);
			request.once('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE));
			return request;
		},
		unreachable: (cause) => http.unreachable(cause),
	};
}
