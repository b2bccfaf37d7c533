/** What is measured of Kleene: `klee run` as a user waits for it, and the daemon's own operations over its socket. */
import { outputOf } from '../../test/testbed/command.ts';
import type { TestHost } from '../../test/testbed/test-host.ts';
import { ask, stream } from '../../test/testbed/wire.ts';
import { Floor } from './floor.ts';
import type { PodmanPeer } from './podman.ts';
import { alternate, type Figures, measure, Stopwatch } from './timing.ts';

export interface RunTimes {
	readonly node: Figures;
	readonly client: Figures;
	readonly runtime: Figures;
	/** Or why there is none. */
	readonly crun: Figures | string;
	readonly klee: Figures;
	readonly podman: Figures | string;
}

/**
 * `klee run` and `podman run` of `true` on a bridge network, what the first cannot be faster than (the client alone, and
 * runc alone with the bundle of such a container), and Node alone: in turn, from start to exit of the process. The
 * containers stay.
 *
 * @param podman or why there is none
 */
export async function timesOfRuns(host: TestHost, podman: PodmanPeer | string, runs: number): Promise<RunTimes> {
	const watch = new Stopwatch();
	const kind = ['-l', 'vnet', '-n', 'bench'];
	const floor = await Floor.start(host, kind);
	let refusal: string | undefined;
	const peers: Record<string, () => Promise<unknown>> = {
		node: () => watch.time('node', () => outputOf([process.execPath, '-e', '0'])),
		client: () => watch.time('client', () => runProcess(host, ['lsn'])),
		runtime: () => watch.time('runtime', () => floor.run()),
		crun: async () => {
			const time = await floor.timeOfCrun();
			if (typeof time === 'number') watch.add('crun', time);
			else refusal = time;
		},
		klee: () => watch.time('klee', () => runProcess(host, ['run', ...kind, 'Debian', 'true'])),
		podman: async () => typeof podman === 'string' || watch.add('podman', await podman.timeOfRun()),
	};
	await alternate(
		Object.values(peers),
		{ rounds: runs, warmUp: 2 },
		async (peer) => void (await peer()),
		() => watch.clear(),
	);
	await floor.close();
	await host.kleeOutput('container', 'prune', '-f');
	const [node, client, runtime, klee] = (['node', 'client', 'runtime', 'klee'] as const).map((name) =>
		watch.figures(name),
	) as [Figures, Figures, Figures, Figures];
	const crun = refusal ?? watch.figures('crun');
	return { node, client, runtime, crun, klee, podman: typeof podman === 'string' ? podman : watch.figures('podman') };
}

/** klee as a user starts it: its process is part of what is measured. */
async function runProcess(host: TestHost, words: readonly string[]): Promise<void> {
	const { code, stderr } = await host.kleeWith({}, ...words);
	if (code !== 0) throw new Error(`klee ${words.join(' ')} ended with ${code}: ${stderr}`);
}

export interface DaemonFigures {
	readonly roundTrip: Figures;
	readonly networkCreate: Figures;
	readonly networkRemove: Figures;
	readonly attach: Figures;
	readonly detach: Figures;
	readonly containerStart: Figures;
	readonly containerStop: Figures;
}

/** Times of requests, the round trip to the daemon included. */
export async function timesOfDaemon(host: TestHost, runs: number): Promise<DaemonFigures> {
	const call = async (target: string, body?: unknown) => {
		const { status, text } = await ask(host.socket, target, body);
		if (status >= 300) throw new Error(`${target}: ${status} ${text}`);
		return text;
	};
	const id = async (target: string, body: unknown) => (JSON.parse(await call(target, body)) as { id: string }).id;
	const network = { name: 'timed', type: 'bridge', subnet: '10.9.0.0/24', gateway: '<auto>' };
	const create = () => call('POST /networks/create', network);
	const remove = () => call('DELETE /networks/timed');

	const roundTrip = await measure(runs, () => call('GET /networks/list'));
	const networkCreate = await measure(runs, create, { after: remove });
	const networkRemove = await measure(runs, remove, { before: create });

	const container = { image: 'Debian', cmd: ['sleep', '600'] };
	const ipnet = await id('POST /containers/create', { ...container, network_driver: 'ipnet' });
	const endpoint = { network: 'bench', container: ipnet, ip_address: '<auto>' };
	const connect = () => call('POST /networks/connect', endpoint);
	const disconnect = () => call(`POST /networks/bench/disconnect/${ipnet}`);
	const start = async (one: string) => {
		const exec_id = await id('POST /exec/create', { container_id: one });
		const config = { exec_id, attach: false, start_container: true };
		const { code, reason } = await stream(host.socket, '/exec/start', { config });
		if (code !== 1001) throw new Error(`start: ${reason}`);
	};
	const stop = (one: string) => call(`POST /containers/${one}/stop`);
	await start(ipnet);
	const attach = await measure(runs, connect, { after: disconnect });
	const detach = await measure(runs, disconnect, { before: connect });
	await stop(ipnet);

	const vnet = await id('POST /containers/create', { ...container, network_driver: 'vnet' });
	await call('POST /networks/connect', { ...endpoint, container: vnet });
	const containerStart = await measure(runs, () => start(vnet), { after: () => stop(vnet) });
	const containerStop = await measure(runs, () => stop(vnet), { before: () => start(vnet) });
	return { roundTrip, networkCreate, networkRemove, attach, detach, containerStart, containerStop };
}
