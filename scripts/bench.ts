/**
 * `npm run bench [-- --json] [-- --runs N]`: how long a user waits for `klee run` against `podman run`, and how long the
 * daemon's own operations take, all in one run on this machine. Fails only when something cannot be measured.
 */
import { parseArgs } from 'node:util';
import { provideBaseArchive, startHostWithImage } from '../test/host/base-image.ts';
import { type DaemonFigures, timeOfClient, timeOfRun, timesOfDaemon } from './bench/kleene.ts';
import { timeOfPodman } from './bench/podman.ts';
import type { Figures } from './bench/timing.ts';

interface Results {
	readonly client: Figures;
	readonly kleeRun: Figures;
	readonly podmanRun: Figures | string;
	readonly daemon: DaemonFigures;
}

async function measureAll(runs: number): Promise<Results> {
	const archive = await provideBaseArchive();
	const host = await startHostWithImage();
	try {
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'bench');
		const client = await timeOfClient(host, runs);
		const kleeRun = await timeOfRun(host, runs);
		const daemon = await timesOfDaemon(host, runs);
		return { client, kleeRun, podmanRun: await timeOfPodman(archive, Math.ceil(runs / 2)), daemon };
	} finally {
		await host.close();
	}
}

function print({ client, kleeRun, podmanRun, daemon }: Results): void {
	console.log(row('', 'median', '90 %', 'runs'));
	const line = (name: string, { median, p90, runs }: Figures, remark = '') =>
		console.log(row(name, `${median.toFixed(1)} ms`, `${p90.toFixed(1)} ms`, String(runs)) + remark);
	console.log('what a user waits for');
	line('  klee lsn (the client alone)', client);
	line('  klee run -l vnet -n bench Debian true', kleeRun);
	if (typeof podmanRun === 'string') console.log(`  podman run skipped: ${podmanRun}`);
	else {
		line('  podman run --network bench bench true', podmanRun);
		const ratio = kleeRun.median / podmanRun.median;
		console.log(`${row('  klee / podman', ratio.toFixed(2))}${verdict(ratio <= 1 / 3, 'aim: 0.33')}`);
	}
	console.log('what the daemon takes, each with one HTTP request (container start with two)');
	line('  a request that changes nothing', daemon.roundTrip);
	line('  network create (bridge, address)', daemon.networkCreate);
	line('  network remove', daemon.networkRemove);
	const own = daemon.attach.median - daemon.roundTrip.median;
	const aim = `aim: 3 ms of the daemon's own, here ${own.toFixed(1)}`;
	line('  endpoint attach (running ipnet)', daemon.attach, verdict(own <= 3, aim));
	line('  endpoint detach', daemon.detach);
	line('  container start (vnet, one network)', daemon.containerStart);
	line('  container stop', daemon.containerStop);
}

function row(name: string, ...cells: readonly string[]): string {
	return name.padEnd(42) + cells.map((cell) => cell.padStart(10)).join('');
}

function verdict(met: boolean, aim: string): string {
	return `   ${aim}, ${met ? 'met' : 'missed'}`;
}

const { values } = parseArgs({ options: { json: { type: 'boolean' }, runs: { type: 'string', default: '20' } } });
const results = await measureAll(Math.max(2, Number(values.runs) || 20));
if (values.json) console.log(JSON.stringify(results, null, 2));
else print(results);
