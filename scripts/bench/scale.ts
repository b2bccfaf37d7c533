/** Whether what is asked of the daemon takes longer the more it has to do with: it must not. */
import { PopulatedHost, type Population } from './populated.ts';
import { alternate, type Figures, Stopwatch, workOfThread } from './timing.ts';

/** Endpoints on one bridge; a Linux bridge has 1024 ports at the most. */
const POPULATIONS: readonly Population[] = [
	{ name: '10 endpoints', endpoints: 10, ports: 10 },
	{ name: '100', endpoints: 100, ports: 10 },
	{ name: '900', endpoints: 900, ports: 10 },
	{ name: '10,000 ports', endpoints: 10, ports: 10_000 },
	{ name: '300 networks', endpoints: 10, ports: 10, networks: 300 },
];

export const OPERATIONS = [
	'attach (vnet)',
	'attach (ipnet)',
	'attach, publishing 1 port',
	'attach, publishing 200 ports',
	'  of it publishing 1 port',
	'  of it publishing 200 ports',
	'detach (vnet)',
	'detach (ipnet)',
	'detach, withdrawing 200 ports',
	'create, choosing a free port',
] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface ScaleFigures {
	readonly populations: readonly string[];
	/** For each operation, in the order of the populations. */
	readonly figures: Readonly<Record<Operation, readonly Figures[]>>;
	/** The same in processor time of the daemon's thread, system calls included; what other threads do is not in it. */
	readonly own: Readonly<Record<Operation, readonly Figures[]>>;
}

interface Watched {
	readonly host: PopulatedHost;
	readonly clock: Stopwatch;
	readonly own: Stopwatch;
}

export async function measureScale(rounds: number): Promise<ScaleFigures> {
	const all: Watched[] = [];
	try {
		for (const population of POPULATIONS)
			all.push({ host: await PopulatedHost.start(population), clock: new Stopwatch(), own: new Stopwatch() });
		const forget = () => {
			for (const { clock, own } of all) for (const watch of [clock, own]) watch.clear();
		};
		await alternate(all, { rounds, warmUp: 3 }, measureOnce, forget);
	} finally {
		for (const { host } of all) await host.close();
	}
	const figuresOf = (kind: 'clock' | 'own') =>
		Object.fromEntries(
			OPERATIONS.map((name) => [name, all.map((one) => one[kind].figures(name))]),
		) as unknown as ScaleFigures['figures'];
	return { populations: POPULATIONS.map(({ name }) => name), figures: figuresOf('clock'), own: figuresOf('own') };
}

async function measureOnce({ host, clock, own }: Watched): Promise<void> {
	const time = async (name: Operation, work: () => Promise<unknown>) => {
		const before = workOfThread();
		await clock.time(name, work);
		own.add(name, workOfThread() - before);
	};
	const takePortTime = (name: Operation) => {
		const time = host.driver.takePortTime();
		clock.add(name, time.clock);
		own.add(name, time.own);
	};
	await time('attach (vnet)', () => host.connect('vnet'));
	await time('detach (vnet)', () => host.disconnect('vnet'));
	await time('attach (ipnet)', () => host.connect('ipnet'));
	await time('detach (ipnet)', () => host.disconnect('ipnet'));
	host.driver.takePortTime();
	await time('attach, publishing 1 port', () => host.connect('one'));
	takePortTime('  of it publishing 1 port');
	await host.disconnect('one');
	host.driver.takePortTime();
	await time('attach, publishing 200 ports', () => host.connect('many'));
	takePortTime('  of it publishing 200 ports');
	await time('detach, withdrawing 200 ports', () => host.disconnect('many'));
	const port = { interfaces: [], hostPort: '', containerPort: '80', protocol: 'tcp' } as const;
	await time('create, choosing a free port', () => host.create('chooser', 'vnet', [port]));
	await host.engine.containers.remove('chooser');
}
