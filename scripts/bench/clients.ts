/** Clients that change things, in a thread of their own: what is measured in the main thread does not wait for them. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { ask, stream } from '../../test/testbed/wire.ts';

export const NETWORK = 'load';

/** `create`: create and remove containers; `run`: connect, start and stop them as well. */
export type Errand = 'create' | 'run' | 'start' | 'stop';

interface Order {
	readonly socket: string;
	readonly errand: Errand;
	readonly clients: number;
	/** Ids of containers to stop, or how many to start; absent: until told to stop. */
	readonly containers?: readonly string[] | number;
}

/** Ids of containers, one for each time that an errand was done. */
type Done = readonly string[];

export class Clients {
	readonly #worker: Worker;
	readonly #done: Promise<Done>;

	private constructor(worker: Worker) {
		this.#worker = worker;
		this.#done = Promise.race([once(worker, 'message'), once(worker, 'error')]).then(([done]) => {
			if (done instanceof Error) throw done;
			return done as Done;
		});
		this.#done.catch(() => {});
	}

	static async start(order: Order): Promise<Clients> {
		const worker = new Worker(new URL(import.meta.url), { workerData: order });
		await once(worker, 'online');
		return new Clients(worker);
	}

	/** Each client ends what it has begun. */
	stop(): Promise<Done> {
		this.#worker.postMessage('stop');
		return this.#done;
	}

	/** Waits until all is done that was ordered. */
	done(): Promise<Done> {
		return this.#done;
	}
}

class Client {
	readonly #socket: string;

	constructor(socket: string) {
		this.#socket = socket;
	}

	async do(errand: Errand, container: string): Promise<string> {
		if (errand === 'stop') return await this.#stop(container);
		const id = await this.#create();
		if (errand !== 'create') await this.#start(id);
		if (errand === 'run') await this.#stop(id);
		if (errand !== 'start') await this.#call(`DELETE /containers/${id}`);
		return id;
	}

	async #create(): Promise<string> {
		const container = { image: 'Debian', cmd: ['sleep', '3600'], network_driver: 'vnet' };
		return (JSON.parse(await this.#call('POST /containers/create', container)) as { id: string }).id;
	}

	async #start(id: string): Promise<void> {
		await this.#call('POST /networks/connect', { network: NETWORK, container: id, ip_address: '<auto>' });
		const { id: exec_id } = JSON.parse(await this.#call('POST /exec/create', { container_id: id })) as { id: string };
		const config = { exec_id, attach: false, start_container: true };
		const { code, reason } = await stream(this.#socket, '/exec/start', { config });
		if (code !== 1001) throw new Error(`start: ${reason}`);
	}

	async #stop(id: string): Promise<string> {
		await this.#call(`POST /containers/${id}/stop?grace=0`);
		return id;
	}

	async #call(target: string, body?: unknown): Promise<string> {
		const { status, text } = await ask(this.#socket, target, body);
		if (status >= 300) throw new Error(`${target}: ${status} ${text}`);
		return text;
	}
}

async function work({ socket, errand, clients, containers }: Order): Promise<void> {
	const todo = typeof containers === 'number' ? Array.from({ length: containers }, () => '') : containers?.slice();
	const done: string[] = [];
	let going = true;
	parentPort?.on('message', () => {
		going = false;
	});
	const client = async () => {
		const one = new Client(socket);
		while (going && todo?.length !== 0) done.push(await one.do(errand, todo?.pop() ?? ''));
	};
	await Promise.all(Array.from({ length: clients }, client));
	parentPort?.postMessage(done);
	parentPort?.close();
}

if (!isMainThread) await work(workerData as Order);
