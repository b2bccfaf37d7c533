/** Operations on a real host, in the words of klee, each with what takes it back. */
import type { TestHost } from '#test/testbed/test-host.ts';

type Words = readonly string[];

export interface Typed {
	readonly name: string;
	readonly prepare?: readonly Words[];
	readonly operate: Words;
	/** Takes back what was prepared or done, whether it was done or not: refusals are ignored. */
	readonly undo: readonly Words[];
}

const VNET = ['-l', 'vnet', '-n', 'one', '-p', '8081:80', '-m', 'made:/srv'];
const IPNET = ['-l', 'ipnet', '-n', 'two'];
const SLEEP = ['Debian', 'sleep', '3600'];
const RUN = ['run', '-d', '--name', 'new', ...VNET, ...SLEEP];
const CREATE = ['create', '--name', 'new', ...VNET, ...SLEEP];
const GONE: readonly Words[] = [
	['rmc', '-f', 'new'],
	['volume', 'rm', 'made'],
];

export const TYPED: readonly Typed[] = [
	{ name: 'run', operate: RUN, undo: GONE },
	{ name: 'run of an ipnet container', operate: ['run', '-d', '--name', 'new', ...IPNET, ...SLEEP], undo: GONE },
	{ name: 'stop', prepare: [RUN], operate: ['stop', 'new'], undo: GONE },
	{ name: 'create', operate: CREATE, undo: GONE },
	{ name: 'start', prepare: [CREATE], operate: ['start', '-d', 'new'], undo: GONE },
	{ name: 'rmc', prepare: [CREATE], operate: ['rmc', 'new'], undo: GONE },
	{ name: 'rmc -f', prepare: [RUN], operate: ['rmc', '-f', 'new'], undo: GONE },
	{ name: 'connect', prepare: [RUN], operate: ['network', 'connect', 'two', 'new'], undo: GONE },
	{ name: 'disconnect', prepare: [RUN], operate: ['network', 'disconnect', 'one', 'new'], undo: GONE },
	{
		name: 'network create',
		operate: ['network', 'create', '-t', 'bridge', '--subnet', '10.4.8.0/24', '--subnet6', 'fd00:4:8::/64', 'three'],
		undo: [['rmn', 'three']],
	},
	{
		name: 'network rm with a member',
		prepare: [
			['network', 'create', '-t', 'bridge', '--subnet', '10.4.8.0/24', 'three'],
			['run', '-d', '--name', 'new', '-l', 'vnet', '-n', 'three', ...SLEEP],
		],
		operate: ['rmn', 'three'],
		undo: [...GONE, ['rmn', 'three']],
	},
	{ name: 'volume create', operate: ['volume', 'create', 'made'], undo: GONE },
];

/** Words that are refused where there is nothing to take back. */
export async function undo(host: TestHost, { undo }: Typed): Promise<void> {
	for (const words of undo) await host.klee(...words);
}
