/** Ports of the host that a user leaves to the daemon to choose. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEngine } from './fixture.ts';

type Fixture = Awaited<ReturnType<typeof startEngine>>;

/** @returns the port of the host that the container publishes, as stored */
async function create({ engine }: Fixture, name: string, hostPort: string, containerPort = '80'): Promise<string> {
	const port = { interfaces: [], hostPort, containerPort, protocol: 'tcp' } as const;
	const lists = { cmd: ['/bin/true'], env: [], mounts: [], jailParam: [], publishFrom: [], publicPorts: [port] };
	const how = { networkDriver: 'vnet', restartPolicy: 'no', persist: false, bandwidth: 0 } as const;
	await engine.containers.create({ name, image: 'Base', user: '', ...lists, ...how });
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
