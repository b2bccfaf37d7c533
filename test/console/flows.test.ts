/** Who talks with whom, as a table in the browser: live, filtered, and with ten thousand rows. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { outputOf } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { beginConnection } from '#test/testbed/traffic/connection.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { FAR } from '#test/testbed/traffic/outside.ts';
import { inPlace, type Place } from '#test/testbed/traffic/place.ts';
import { violations } from './accessibility.ts';
import { ConsoleHost, withoutChromium } from './console-host.ts';

const options = { skip: withoutChromium };
let land: Landscape;
let web: Place;
let served: ConsoleHost;
let page: Page;

before(async () => {
	if (withoutChromium) return;
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'front');
	web = (await land.member('web', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.10')).place;
	await land.listen(land.outside.place, 'far', 'tcp/443');
	// From the first look on, connections that begin are counted.
	await land.host.kleeOutput('network', 'flows');
	served = await ConsoleHost.start(land.host);
	({ page } = await served.open());
	await page.getByRole('link', { name: 'Flows' }).click();
	await page.getByText('No flows').waitFor();
});
after(async () => {
	await served?.close();
	await land?.close();
});

async function connected(address: string, port: number): Promise<Socket> {
	const socket = new Socket({ fd: inPlace(web, () => beginConnection({ address, port })) });
	socket.on('error', () => {});
	await once(socket, 'data');
	return socket;
}

const rows = (): Locator => page.locator('.windowed tbody tr:not(.gap)');
const row = (text: RegExp): Locator => rows().filter({ hasText: text });

test('a connection is in the table while it is there, with names, and its end is told', options, async () => {
	const socket = await connected(FAR.address, 443);
	const line = row(/443/).first();
	await line.waitFor();
	assert.match((await line.textContent()) ?? '', /^tcpweb 10\.4\.6\.10:\d+outside 192\.0\.2\.2:443as 192\.0\.2\.1/);
	await eventually('what it received is counted', async () => / B$/.test((await line.textContent()) ?? ''));
	await line.getByRole('button', { name: 'web' }).click();
	await page.getByRole('heading', { name: 'web' }).waitFor();
	socket.destroy();
	await eventually('its end', async () => /ended|closing/.test((await line.textContent()) ?? ''));
	assert.deepEqual(served.complaints, []);
});

/** Longest time between two pictures while the table is scrolled, in milliseconds. */
const LONGEST_FRAME = `(async () => {
	const place = document.querySelector('.windowed');
	let [longest, last] = [0, performance.now()];
	for (const start = last; last - start < 2000; ) {
		place.scrollTop = (last - start) * 150;
		await new Promise((resolve) => requestAnimationFrame(resolve));
		const now = performance.now();
		[longest, last] = [Math.max(longest, now - last), now];
	}
	return longest;
})()`;

test('ten thousand flows are scrolled, filtered and ordered without a halt', options, async () => {
	const script = `const socket = require('node:dgram').createSocket('udp4');
		let sent = 0;
		for (let port = 20000; port < 30000; port += 1)
			socket.send('x', port, '${FAR.address}', () => (sent += 1) === 10000 && socket.close());`;
	await outputOf([...web, process.execPath, '-e', script]);
	await eventually('all are counted', async () =>
		/^10\d{3} flows$/.test((await page.textContent('.flows [role=status]')) ?? ''),
	);
	assert.ok((await rows().count()) < 150, 'rows out of view are not in the page');
	const longest = Number(await page.evaluate(LONGEST_FRAME));
	assert.ok(longest < 700, `a picture took ${longest} ms`);
	await page.getByLabel('Filter by name').fill('web :25123');
	await page.getByText(/^1 of 10\d{3} flows$/).waitFor();
	assert.match((await rows().textContent()) ?? '', /^udpweb .*:25123/);
	await page.getByLabel('Filter by name').fill('');
	await page.getByLabel('Protocol').selectOption('udp');
	await page.getByText(/^10000 of 10\d{3} flows$|^10000 flows$/).waitFor();
	await page.getByLabel('Order').selectOption('most');
	assert.deepEqual(await violations(page), []);
	await page.setViewportSize({ width: 380, height: 700 });
	assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 380);
	assert.deepEqual(served.complaints, []);
});
