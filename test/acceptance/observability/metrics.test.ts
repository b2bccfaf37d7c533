/** `/metrics` as Prometheus reads it, and the dashboard that draws it. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { Landscape } from '#test/testbed/traffic/landscape.ts';

let land: Landscape;
before(async () => {
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'front');
	await land.member('web', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.10');
	await land.host.kleeOutput('create', '--name', 'still', '-l', 'vnet', '-n', 'front', 'Debian', 'true');
});
after(() => land.close());

function scrape(): Promise<{ type: string; text: string }> {
	return new Promise((resolve, reject) => {
		const call = request({ socketPath: land.host.socket, path: '/metrics' }, (response) => {
			let text = '';
			response.setEncoding('utf8').on('data', (piece: string) => {
				text += piece;
			});
			response.on('end', () => resolve({ type: response.headers['content-type'] ?? '', text }));
		});
		call.on('error', reject).end();
	});
}

/** Value of the line that begins so. */
function sampleOf(text: string, line: string): number {
	const found = text.split('\n').find((one) => one.startsWith(`${line} `));
	assert.ok(found !== undefined, `no line "${line}" in\n${text}`);
	return Number(found.slice(line.length + 1));
}

test('containers, networks, packets, connections, requests and events are there by name', async () => {
	assert.match((await scrape()).type, /^text\/plain; version=0\.0\.4/);
	for (let count = 0; count < 3; count += 1) assert.ok(await land.host.answers('10.4.6.10'));
	await land.host.kleeOutput('network', 'create', '-t', 'loopback', '--subnet', '10.9.0.0/24', 'more');
	await land.host.kleeOutput('rmc', 'still');
	const { text } = await scrape();
	assert.equal(sampleOf(text, 'kleene_networks'), 2);
	assert.equal(sampleOf(text, 'kleene_containers{state="running"}'), 1);
	assert.equal(sampleOf(text, 'kleene_containers{state="stopped"}'), 0);
	const of = '{container="web",network="front"}';
	assert.ok(sampleOf(text, `kleene_endpoint_transmit_packets_total${of}`) >= 3);
	assert.ok(sampleOf(text, `kleene_endpoint_receive_bytes_total${of}`) >= 3 * 84);
	assert.ok(sampleOf(text, 'kleene_conntrack_limit') > 0);
	assert.equal(sampleOf(text, 'kleene_events_total{kind="network-created"}'), 1);
	const created = 'method="POST",route="/networks/create",status="201"';
	assert.equal(sampleOf(text, `kleene_request_duration_seconds_count{${created}}`), 1);
	assert.ok(sampleOf(text, 'process_resident_memory_bytes') > 1e7);
	await land.host.kleeOutput('stop', 'web');
	assert.doesNotMatch((await scrape()).text, /container="web",network/, 'what is gone has no line');
});

test('the dashboard asks for names that are exported, and all of ours are drawn', async () => {
	const { text } = await scrape();
	const exported = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name));
	const [file = ''] = globSync('packaging/grafana/*.json', { cwd: new URL('../../../', import.meta.url).pathname });
	const dashboard = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
	const { panels } = JSON.parse(dashboard) as { panels: { targets: { expr: string }[] }[] };
	const asked = panels
		.flatMap(({ targets }) => targets)
		.flatMap(({ expr }) => [...expr.matchAll(/\b(?:kleene|process|nodejs)_\w+/g)])
		.map(([name]) => name.replace(/_bucket$/, ''));
	for (const name of asked) assert.ok(exported.has(name), `${name} is not exported`);
	for (const name of exported) if (name?.startsWith('kleene_')) assert.ok(asked.includes(name), `${name} is not drawn`);
});
