/**
 * A daemon that is killed before any change that an operation makes, to the host or to the database: the next one
 * brings both together, the operation is done or it is not, and what runs is not touched.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, createContainer, EXECUTE, start } from '../fixture.ts';
import { TESTNET_CONFIG } from '../testnet.ts';
import { requireConsistent } from './consistency.ts';
import { type Daemon, MortalWorld } from './mortal.ts';

/** Of the changes of a recovery, each n-th is died before: another one for each change before which the operation was cut. */
const STRIDE = process.env.KLEENE_TORTURE ? 1 : 8;

interface Operation {
	run(daemon: Daemon): Promise<unknown>;
	/** `undefined`: half done. */
	stage(daemon: Daemon): 'before' | 'after' | undefined;
}

const PORT = { interfaces: [], hostPort: '8080', containerPort: '80', protocol: 'tcp' } as const;
const VOLUME = { type: 'volume', source: 'data', destination: '/srv', readOnly: false } as const;
const IMAGE = {
	autotag: false,
	dns: false,
	localtime: false,
	update: false,
	source: { kind: 'distribution' },
} as const;

const isPresent = (present: boolean) => (present ? 'before' : 'after');
const isAbsent = (present: boolean) => (present ? 'after' : 'before');
const names = (all: readonly { name: string }[]) => all.map(({ name }) => name);
const membersOf = ({ engine }: Daemon, network: string) => engine.networks.inspect(network).endpoints.length;
const runs = ({ engine }: Daemon, container: string) => engine.containers.inspect(container).running;

const OPERATIONS: Readonly<Record<string, Operation>> = {
	'network create': {
		run: ({ engine }) => engine.networks.create({ ...TESTNET_CONFIG, name: 'third', subnet: '10.4.8.0/24' }, EXECUTE),
		stage: ({ engine }) => isAbsent(names(engine.networks.list()).includes('third')),
	},
	'network rm': {
		run: ({ engine }) => engine.networks.remove('spare', EXECUTE),
		stage: ({ engine }) => isPresent(names(engine.networks.list()).includes('spare')),
	},
	'network connect': {
		run: (daemon) => connect(daemon, 'web', 'spare'),
		stage: (daemon) => isAbsent(membersOf(daemon, 'spare') === 1),
	},
	'network connect that takes the default route': {
		run: ({ engine }) =>
			engine.endpoints.connect(
				{ container: 'web', network: 'spare', ipAddress: '<auto>', ipAddress6: '', defaultRoute: true },
				EXECUTE,
			),
		stage: ({ engine }) => {
			const { endpoints } = engine.containers.inspect('web');
			const preferred = endpoints.findIndex(({ defaultRoute }) => defaultRoute);
			if (endpoints.length === 2) return preferred === 0 ? 'before' : undefined;
			return preferred === 2 ? 'after' : undefined;
		},
	},
	'network disconnect': {
		run: ({ engine }) => engine.endpoints.disconnect({ container: 'web', network: 'testnet' }, EXECUTE),
		stage: (daemon) => isPresent(membersOf(daemon, 'testnet') === 2),
	},
	create: {
		run: (daemon) => createContainer(daemon, 'new', 'vnet', [{ ...VOLUME, source: 'new' }]),
		stage: ({ store }) => {
			const made = [store.containers.byName('new'), store.volumes.get('new')].filter((one) => one !== undefined).length;
			return [isAbsent(false), undefined, isAbsent(true)][made] as 'before' | 'after' | undefined;
		},
	},
	rmc: {
		run: ({ engine }) => engine.containers.remove('idle'),
		stage: ({ store }) => isPresent(store.containers.byName('idle') !== undefined),
	},
	start: { run: (daemon) => start(daemon, 'idle'), stage: (daemon) => isAbsent(runs(daemon, 'idle')) },
	stop: {
		run: ({ engine }) => engine.containers.stop('other', 0),
		stage: (daemon) => isPresent(runs(daemon, 'other')),
	},
	'image create': {
		run: ({ engine }) => engine.images.create({ ...IMAGE, tag: 'new' }, () => {}),
		stage: ({ engine }) => isAbsent(names(engine.images.list()).includes('new')),
	},
	rmi: {
		run: ({ engine }) => engine.images.remove('spare'),
		stage: ({ engine }) => isPresent(names(engine.images.list()).includes('spare')),
	},
	commit: {
		run: ({ engine, store }) => engine.layers.commit(store.containers.byName('idle')?.id ?? '', { cacheKey: 'step' }),
		stage: ({ store }) => isAbsent(store.layers.list().length === 3),
	},
	'volume create': {
		run: ({ engine }) => engine.volumes.create('new'),
		stage: ({ engine }) => isAbsent(names(engine.volumes.list()).includes('new')),
	},
	rmv: {
		run: ({ engine }) => engine.volumes.remove('spare'),
		stage: ({ engine }) => isPresent(names(engine.volumes.list()).includes('spare')),
	},
};

/**
 * Containers `web` (on two networks, with a port and a volume) and `other` run, `idle` does not; network, image and volume
 * `spare` are nobody's.
 */
async function furnish(daemon: Daemon): Promise<void> {
	const { engine } = daemon;
	for (const tag of ['Base', 'spare']) await engine.images.create({ ...IMAGE, tag }, () => {});
	for (const [index, name] of ['testnet', 'second', 'spare'].entries())
		await engine.networks.create({ ...TESTNET_CONFIG, name, subnet: `10.4.${index + 1}.0/24` }, EXECUTE);
	await engine.volumes.create('spare');
	await createContainer(daemon, 'web', 'vnet', [VOLUME], [PORT]);
	for (const name of ['other', 'idle']) await createContainer(daemon, name);
	await engine.endpoints.connect(
		{ container: 'web', network: 'testnet', ipAddress: '<auto>', ipAddress6: '', defaultRoute: true },
		EXECUTE,
	);
	await connect(daemon, 'web', 'second');
	await connect(daemon, 'other', 'testnet');
	await connect(daemon, 'idle', 'second');
	for (const name of ['web', 'other']) await start(daemon, name);
}

/** What is on the host, in names instead of ids; numbers of cables and of new interfaces are by chance. */
function onHost({ store, host }: Daemon): string[] {
	const layers = store.layers.list().map(({ id, cacheKey }) => ({ id, name: cacheKey || id }));
	const named = [...store.containers.list(), ...store.networks.list(), ...store.images.list(), ...layers];
	const translate = (text: string) => named.reduce((all, { id, name }) => all.replaceAll(id, name), text);
	return [...host.parts.keys()].map(translate).sort();
}

/** A daemon that dies before the change with this number is followed by others, of which all but the last die as well. */
async function killedAt(operation: Operation, moments: readonly number[]) {
	const world = new MortalWorld();
	try {
		const daemon = await world.start();
		await furnish(daemon);
		assert.equal(operation.stage(daemon), 'before');
		const before = onHost(daemon);
		const [first = Number.POSITIVE_INFINITY, ...later] = moments;
		daemon.life.dieAfter(first);
		await Promise.race([operation.run(daemon), daemon.life.died]);
		const survived = [!daemon.life.dead];
		for (const moment of later) survived.push(!(await world.start(moment)).life.dead);
		const next = await world.start();
		const when = `killed before change ${moments.join(', then ')}`;
		requireConsistent(next, when);
		const stage = operation.stage(next);
		assert.ok(stage, `${when}: done or not done`);
		assert.ok(runs(next, 'web'), `${when}: what runs goes on`);
		if (stage === 'before') assert.deepEqual(onHost(next), before, `${when}: nothing was done`);
		return { survived, stage, onHost: onHost(next), when };
	} finally {
		world.close();
	}
}

for (const [name, operation] of Object.entries(OPERATIONS)) {
	test(`killed before any change of "${name}"`, async () => {
		const whole = await killedAt(operation, []);
		assert.equal(whole.stage, 'after');
		for (let moment = 0; ; moment += 1) {
			const { survived, stage, onHost, when } = await killedAt(operation, [moment]);
			if (stage === 'after') assert.deepEqual(onHost, whole.onHost, `${when}: all was done`);
			if (survived[0]) return;
		}
	});

	test(`killed in "${name}" and then before any change of the recovery`, { timeout: 120_000 }, async () => {
		const whole = await killedAt(operation, []);
		for (let moment = 0, last = false; !last; moment += 1)
			for (let again = moment % STRIDE, settled = false; !settled; again += STRIDE) {
				const { survived, stage, onHost, when } = await killedAt(operation, [moment, again]);
				if (stage === 'after') assert.deepEqual(onHost, whole.onHost, `${when}: all was done`);
				last = survived[0] === true;
				settled = survived[1] === true;
			}
	});
}
