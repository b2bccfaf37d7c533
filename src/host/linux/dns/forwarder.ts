/** Questions about names that are not ours: asked of the host's name servers, one after the other. */
import { randomInt } from 'node:crypto';
import { CODE, encodeReply, isTruncated, passOn } from './answer.ts';
import { type Ask, askByDatagram, askByStream } from './exchange.ts';
import { InFlight, type Waiting } from './in-flight.ts';
import type { Query } from './query.ts';
import { raceServers } from './server-race.ts';
import type { Upstream, Upstreams } from './upstreams.ts';

/** Milliseconds after which the next server is asked as well. Two fit in before musl asks again after 2.5 seconds. */
const TRY_TIMEOUT = 1500;
/** Milliseconds until the client hears that servers cannot, while others are silent: before both C libraries have given up. */
const DEADLINE = 4500;
/** Milliseconds until nobody waits any more. glibc gives up after 10 seconds, dig after 15; musl after 5. */
const PATIENCE = 15_000;
/** Milliseconds for which a server that did not answer is asked last. */
const PENALTY = 10_000;
const MOST_IN_FLIGHT = 1024;
export interface ForwarderOptions {
	/** Descriptor of the network namespace to ask from; undefined: the one of this process. */
	readonly namespace?: number;
	readonly upstreams: Upstreams;
	/** Whether asking this server would be asking ourselves. */
	readonly isOurselves: (upstream: Upstream) => boolean;
	readonly warn: (fields: object, message: string) => void;
	/** Default 1024 questions. */
	readonly mostInFlight?: number;
	/** Milliseconds after which the next server is asked as well. Default 1500. */
	readonly tryTimeout?: number;
	/** Milliseconds until nobody waits for an answer any more. Default 15000. */
	readonly patience?: number;
}

export interface Client {
	/** Its address. */
	readonly source: string;
	/** Whether it asks over a stream: then so do we. */
	readonly stream: boolean;
	/** Bytes that an answer to it may have. */
	readonly limit: number;
}

export class Forwarder {
	readonly #options: ForwarderOptions;
	readonly #inFlight: InFlight;
	readonly #tryTimeout: number;
	/** Until when (performance.now) a server counts as not answering. */
	readonly #penalties = new Map<string, number>();
	readonly #loops = new Set<string>();

	constructor(options: ForwarderOptions) {
		this.#options = options;
		this.#inFlight = new InFlight(options.mostInFlight ?? MOST_IN_FLIGHT);
		this.#tryTimeout = options.tryTimeout ?? TRY_TIMEOUT;
	}

	/**
	 * @param origin who shares what there is of the resolver with whom, see `InFlight`
	 * @returns the answer for the client: somebody's, or SERVFAIL. Never rejects.
	 */
	async forward(query: Query, client: Client, origin: Omit<Waiting, 'giveUp'>): Promise<Buffer> {
		const failure = { code: CODE.serverFailure, recursion: true, limit: client.limit };
		const controller = new AbortController();
		const waiting = { ...origin, giveUp: () => controller.abort() };
		this.#inFlight.add(waiting);
		try {
			const answer = await this.#askEach(query, client, controller.signal);
			return answer ? passOn(query, answer, client.limit) : encodeReply(query, failure);
		} catch (error) {
			this.#options.warn({ error, name: query.name }, 'a name could not be forwarded');
			return encodeReply(query, failure);
		} finally {
			this.#inFlight.delete(waiting);
		}
	}

	/** Everything that waits is answered with SERVFAIL. */
	close(): void {
		this.#inFlight.giveUpAll();
	}

	#askEach(query: Query, client: Client, signal: AbortSignal): Promise<Buffer | undefined> {
		const servers = this.#order();
		const { patience = PATIENCE } = this.#options;
		const tryTimeout = this.#tryTimeout;
		const again = tryTimeout * Math.max(1, servers.length);
		return raceServers({
			servers,
			tryTimeout,
			deadline: Math.min(DEADLINE, patience),
			patience,
			signal,
			ask: (upstream, over) => this.#askOne({ query, client, upstream, timeout: patience, again, signal: over }),
			onSilence: (upstream) => this.#penalise(upstream),
		});
	}

	async #askOne({ query, client, ...one }: OneTry): Promise<Buffer | undefined> {
		const { upstream, signal } = one;
		const question = Buffer.from(query.bytes);
		question.writeUInt16BE(randomInt(0x1_0000), 0);
		const exchange = { ...one, namespace: this.#options.namespace, question };
		const begun = performance.now();
		const ask = (how: Ask) => how(exchange).catch(() => undefined);
		let answer = await ask(client.stream ? askByStream : askByDatagram);
		if (answer && !client.stream && isTruncated(answer)) {
			// What was cut off for the way to us may still fit on the way to the client.
			const whole = await ask(askByStream);
			if (whole && whole.length <= client.limit) answer = whole;
		}
		// One that answers late is still asked after those that answer at once.
		if (answer && performance.now() - begun < this.#tryTimeout) this.#penalties.delete(textOf(upstream));
		else if (!answer && !signal.aborted) this.#penalise(upstream);
		return answer;
	}

	/** Servers that answer first, the others after them: they may be the only ones. */
	#order(): Upstream[] {
		const now = performance.now();
		const servers = this.#options.upstreams().filter((upstream) => !this.#isLoop(upstream));
		const late = (upstream: Upstream) => (this.#penalties.get(textOf(upstream)) ?? 0) > now;
		return [...servers.filter((server) => !late(server)), ...servers.filter(late)];
	}

	#penalise(upstream: Upstream): void {
		const name = textOf(upstream);
		if (!this.#penalties.has(name))
			this.#options.warn({ server: name }, 'a name server of the host does not answer in time');
		this.#penalties.set(name, performance.now() + PENALTY);
	}

	#isLoop(upstream: Upstream): boolean {
		if (!this.#options.isOurselves(upstream)) return false;
		const name = textOf(upstream);
		if (!this.#loops.has(name))
			this.#options.warn({ server: name }, 'a name server of the host is the resolver of a network: not asked');
		this.#loops.add(name);
		return true;
	}
}

interface OneTry {
	readonly query: Query;
	readonly client: Client;
	readonly upstream: Upstream;
	readonly timeout: number;
	readonly again: number;
	readonly signal: AbortSignal;
}

function textOf({ host, port }: Upstream): string {
	return `${host} port ${port}`;
}
