/** Changes that the page can make, as requests to the daemon. */

import { RefusalError, refusalIn } from '../daemon/refusal.ts';
import { ask } from '../daemon/request.ts';
import { view } from '../state/topology.ts';

export type Change =
	| { readonly kind: 'start' | 'stop'; readonly container: string }
	| { readonly kind: 'connect' | 'disconnect'; readonly container: string; readonly network: string };

const nameOf = (id: string) => view.value.containers.get(id)?.name ?? id;
const networkNameOf = (id: string) => view.value.networks.get(id)?.name ?? id;

/** E.g. `Connect web to front`. */
export function titleOf(change: Change): string {
	const name = nameOf(change.container);
	switch (change.kind) {
		case 'start':
			return `Start ${name}`;
		case 'stop':
			return `Stop ${name}`;
		case 'connect':
			return `Connect ${name} to ${networkNameOf(change.network)}`;
		case 'disconnect':
			return `Disconnect ${name} from ${networkNameOf(change.network)}`;
	}
}

/** The same, as it is typed. */
export function commandOf(change: Change): string {
	const name = nameOf(change.container);
	switch (change.kind) {
		case 'start':
			return `klee start -d ${name}`;
		case 'stop':
			return `klee stop ${name}`;
		case 'connect':
			return `klee network connect ${networkNameOf(change.network)} ${name}`;
		case 'disconnect':
			return `klee network disconnect ${networkNameOf(change.network)} ${name}`;
	}
}

/** What would be done, in the words of the host's own tools. Nothing is changed. @throws RefusalError */
export async function planOf(change: Change): Promise<readonly string[]> {
	const { plan } = await request<{ plan: string[] }>(change, '?dry_run=true');
	return plan;
}

/** @throws RefusalError */
export async function perform(change: Change): Promise<void> {
	const answer = await request<{ id: string } | undefined>(change, '');
	if (change.kind === 'start' && answer) await startExecution(answer.id);
}

function request<T>(change: Change, query: string): Promise<T> {
	const container = encodeURIComponent(change.container);
	switch (change.kind) {
		case 'start':
			return ask(`/exec/create${query}`, {
				method: 'POST',
				body: { container_id: change.container, cmd: [], user: '', env: [], tty: false },
			});
		case 'stop':
			return ask(`/containers/${container}/stop${query}`, { method: 'POST' });
		case 'connect': {
			const network = view.value.networks.get(change.network);
			const body = {
				network: change.network,
				container: change.container,
				ip_address: network?.subnet === '' ? '' : '<auto>',
				ip_address6: network?.subnet6 === '' ? '' : '<auto>',
			};
			return ask(`/networks/connect${query}`, { method: 'POST', body });
		}
		case 'disconnect':
			return ask(`/networks/${encodeURIComponent(change.network)}/disconnect/${container}${query}`, { method: 'POST' });
	}
}

/** Close codes of the daemon's streams. Source: `CLOSE` in src/api/frames.ts. */
const NORMAL = 1000;
const DETACHED = 1001;

/** Starts a created instance and leaves it. */
function startExecution(id: string): Promise<void> {
	const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/api/exec/start`, ['kleene.streams']);
	const { promise, resolve, reject } = Promise.withResolvers<void>();
	socket.onopen = () => socket.send(JSON.stringify({ exec_id: id, attach: false, start_container: true }));
	let refusal: unknown;
	socket.onmessage = ({ data }: MessageEvent<unknown>) => {
		if (typeof data === 'string') refusal = data;
	};
	socket.onclose = ({ code, reason }) => {
		if (code === NORMAL || code === DETACHED) return resolve();
		reject(new RefusalError(0, refusalIn(partsOf(reason, refusal), code)));
	};
	return promise;
}

function partsOf(reason: string, said: unknown): unknown {
	const why = messageIn(reason) || String(said ?? '') || 'the daemon gave no reason';
	return {
		code: 'HOST_FAILED',
		what: 'cannot start the container',
		why,
		hint: 'see "klee network doctor" and the log of the daemon',
	};
}

function messageIn(reason: string): string {
	try {
		const { message } = JSON.parse(reason) as { message?: unknown };
		return typeof message === 'string' ? message : '';
	} catch {
		return reason;
	}
}
