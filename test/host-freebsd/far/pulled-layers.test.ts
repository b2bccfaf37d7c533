/** Images that are pulled to a host behind ssh, and pulls that are cut short. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { tarOf } from '#test/host-linux/storage/scratch.ts';
import { withoutSshd } from '#test/os/shell/sshd.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { ARCHITECTURE, writeImage } from '#test/testbed/oci-image.ts';
import { freePort, Registry } from '#test/testbed/registry.ts';
import { FarTestHost } from './far-test-host.ts';

let host: FarTestHost;
let name: string;
let folder: string;

before(async () => {
	host = await FarTestHost.startProbed();
	const registry = await Registry.start(host.namespace, { port: await freePort() });
	host.takeAlong(registry);
	folder = mkdtempSync(join(tmpdir(), 'kleene-pulled-'));
	const many = Array.from({ length: 6_000 }, (_, n) => ({ name: `d${n % 100}/${n}`, content: 'x' }));
	const layers = [await tarOf([{ name: 'etc/motd', content: 'x' }]), await tarOf(many)];
	writeImage(folder, { layers, platform: { os: 'freebsd', architecture: ARCHITECTURE } });
	name = `${registry.address}/large`;
	await registry.skopeo('copy', '--dest-tls-verify=false', `oci:${folder}:image`, `docker://${name}`);
});
after(async () => {
	rmSync(folder, { recursive: true, force: true });
	await host.close();
});

const layersOf = () => [...host.far.world.datasets.keys()].filter((dataset) => /\/layer\/./.test(dataset));
const layouts = () => (existsSync(join(host.root, 'layouts')) ? readdirSync(join(host.root, 'layouts')) : []);

async function pulling() {
	const client = host.converse(['pull', '--tls-verify=false', name]);
	await client.until(/unpacking[\s\S]*unpacking/);
	return client;
}

test('a pull whose client leaves, or whose daemon is killed, leaves nothing; the next one is whole', {
	timeout: 60_000,
	skip: withoutSshd,
}, async () => {
	const before = layersOf();
	const leaving = await pulling();
	leaving.child.kill('SIGKILL');
	await leaving.ended;
	await eventually('the layers are gone', () => layersOf().length === before.length);
	await eventually('what was fetched is gone', () => layouts().length === 0);
	const killed = await pulling();
	await host.stopDaemon('SIGKILL');
	assert.notEqual((await killed.ended).code, 0);
	await host.startDaemon();
	assert.deepEqual([layersOf(), layouts()], [before, []]);
	await host.kleeOutput('pull', '--tls-verify=false', name);
	const trees = layersOf().map((dataset) => readdirSync(host.far.world.datasets.get(dataset)?.mountpoint ?? '').length);
	assert.ok(trees.includes(101), 'the upper layer has what both have');
});
