/** Answers as a daemon does whatever the page asks of one, with a population that exists nowhere else. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { Population } from './population.ts';

/** Milliseconds: the daemon tells of changes within as many as one. */
const BATCH = 20;

export interface Activity {
	/** Changes of the map in a second. */
	readonly changes: number;
	/** Whether something moves on every cable. */
	readonly traffic: boolean;
}

export const STILL: Activity = { changes: 0, traffic: false };

export class StubDaemon {
	activity = STILL;
	readonly #population: Population;
	readonly #server: Server;
	readonly #readers = new Set<ServerResponse>();
	readonly #timer: NodeJS.Timeout;
	/** When the last change was told of. */
	#told = performance.now();
	#counters: unknown;

	private constructor(population: Population) {
		this.#population = population;
		this.#counters = population.counters();
		this.#server = createServer((request, response) => this.#answer(request.url ?? '', response));
		this.#timer = setInterval(() => this.#tell(), BATCH);
	}

	/** @param path of a socket */
	static async start(population: Population, path: string): Promise<StubDaemon> {
		const daemon = new StubDaemon(population);
		daemon.#server.listen(path);
		await once(daemon.#server, 'listening');
		return daemon;
	}

	close(): void {
		clearInterval(this.#timer);
		for (const reader of this.#readers) reader.end();
		this.#server.close();
		this.#server.closeAllConnections();
	}

	#answer(url: string, response: ServerResponse): void {
		const [path = ''] = url.split('?');
		response.setHeader('content-type', 'application/json');
		if (path === '/topology/changes') {
			response.write(`${JSON.stringify(this.#population.topology())}\n`);
			this.#readers.add(response);
			response.once('close', () => this.#readers.delete(response));
		} else if (path === '/counters') {
			if (this.activity.traffic) this.#counters = this.#population.counters();
			response.end(JSON.stringify(this.#counters));
		} else if (path === '/networks/doctor') response.end(JSON.stringify({ findings: [] }));
		else response.writeHead(404).end(JSON.stringify({ message: 'no such path' }));
	}

	/** As many changes as are due, however late the timer is. */
	#tell(): void {
		const due = Math.floor(((performance.now() - this.#told) / 1000) * this.activity.changes);
		if (this.activity.changes === 0) this.#told = performance.now();
		if (due === 0) return;
		this.#told += (due / this.activity.changes) * 1000;
		const changes = Array.from({ length: due }, () => this.#population.change());
		const [first] = changes;
		if (!first) return;
		const removed = {
			networks: [],
			containers: changes.flatMap((one) => one.removed.containers),
			endpoints: changes.flatMap((one) => one.removed.endpoints),
		};
		const merged = {
			...first,
			containers: changes.flatMap((one) => one.containers),
			endpoints: changes.flatMap((one) => one.endpoints),
			removed,
		};
		for (const reader of this.#readers) reader.write(`${JSON.stringify(merged)}\n`);
	}
}
