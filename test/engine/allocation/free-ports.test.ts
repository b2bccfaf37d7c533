/** Ports of the host that a user leaves to the daemon to choose. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEngine } from '../fixture.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

/** @returns the port of the host that the container publishes, as stored */
async function create({ engine }: Fixture, name: string, hostPort: string, containerPort = '80'): Promise<string> {
	const port = { interfaces: [], hostPort, containerPort, protocol: 'tcp' } as const;
	const lists = { cmd: ['/bin/true'], env: [], mounts: [], jailParam: [], publishFrom: [], publicPorts: [port] };
	const how = { networkDriver: 'vnet', restartPolicy: 'no', persist: false, bandwidth: 0 } as const;
	await engine.newContainers.create({ name, image: 'Base', user: '', ...lists, ...how });
	return engine.containers.inspect(name).container.publicPorts[0]!.hostPort;
}

test('a port is chosen that no container publishes, running or not, also after a restart', async () => {
	const before = await startEngine();
	await create(before, 'most', '49152:65534', '1000:*');
	assert.equal(await create(before, 'last', ''), '65535');
	for (const fixture of [before, await startEngine(before.host, before.store)])
		await assert.rejects(create(fixture, 'none', ''), /all ports from 49152 to 65535 are published/);
	await before.engine.containers.remove('last');
	assert.equal(await create(before, 'again', '0'), '65535');
});

test('a container publishes each port of the host once', async () => {
	const fixture = await startEngine();
	const uplink = { type: '', up: true, mac: '', mtu: 1500, bridge: '', addresses: [] };
	fixture.host.foreign.push({ ...uplink, name: 'em0' }, { ...uplink, name: 'em1' });
	const make = (name: string, ...hosts: [hostPort: string, interfaces?: string[], protocol?: 'tcp' | 'udp'][]) => {
		const publicPorts = hosts.map(([hostPort, interfaces = [], protocol = 'tcp']) => {
			const containerPort = hostPort.includes(':') ? '80:*' : '80';
			return { interfaces, hostPort, containerPort, protocol };
		});
		const lists = { cmd: ['/bin/true'], env: [], mounts: [], jailParam: [], publishFrom: [], publicPorts };
		const how = { networkDriver: 'vnet', restartPolicy: 'no', persist: false, bandwidth: 0 } as const;
		return fixture.engine.newContainers.create({ name, image: 'Base', user: '', ...lists, ...how });
	};
	const refused = { code: 'PORT_TAKEN', hint: /each port of the host once/ };
	await assert.rejects(make('twice', ['80'], ['80']), refused);
	await assert.rejects(make('range', ['80:90'], ['85']), refused);
	await assert.rejects(make('every', ['80'], ['80', ['em0']]), refused);
	await make('apart', ['80', ['em0']], ['80', ['em1']], ['80', [], 'udp'], ['81']);
	await make('most', ['', []], ['49152:65534']);
	const { publicPorts } = fixture.engine.containers.inspect('most').container;
	assert.equal(publicPorts[0]?.hostPort, '65535');
});

test('untrue advice is none: who can free or name no port is told so, and who stops what is stopped', async () => {
	const fixture = await startEngine();
	await create(fixture, 'all', '1:65535', '1:*');
	const full = { code: 'PORT_TAKEN', hint: /remove unused containers/ };
	await assert.rejects(create(fixture, 'none', ''), full);
	await assert.rejects(fixture.engine.containers.stop('all'), { hint: /nothing to do/ });
	const taken = { code: 'NAME_TAKEN', hint: /^choose another name, or remove/ };
	await create(fixture, 'other', '80', '80');
	await assert.rejects(fixture.engine.containers.update('other', { name: 'all' }), taken);
});
