/** Packets that the firewall refuses, in the browser as it happens. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import type { Place } from '#test/testbed/traffic/place.ts';
import { violations } from './accessibility.ts';
import { ConsoleHost, withoutChromium } from './console-host.ts';

const options = { skip: withoutChromium };
let land: Landscape;
let web: Place;
let served: ConsoleHost;

before(async () => {
	if (withoutChromium) return;
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'front');
	await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', 'back');
	web = (await land.member('web', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.10')).place;
	await land.member('db', '-l', 'vnet', '-n', 'back', '--ip', '10.4.7.10');
	served = await ConsoleHost.start(land.host);
});
after(async () => {
	await served?.close();
	await land?.close();
});

test('a refused connection is shown with both ends, the reason and a way to allow it', options, async () => {
	const { context, page } = await served.open();
	await page.getByRole('link', { name: 'Refused' }).click();
	const row = page.locator('.windowed tbody tr:not(.gap)', { hasText: /web.*db/ }).first();
	await eventually('it is there', async () => {
		await land.ask(web, { address: '10.4.7.10', port: 5432, timeout: 200 });
		return (await row.count()) > 0;
	});
	assert.match((await row.textContent()) ?? '', /tcp.*web 10\.4\.6\.10:\d+.*db 10\.4\.7\.10:5432.*klee /);
	assert.deepEqual(await violations(page), []);
	assert.deepEqual(served.complaints, []);
	await context.close();
});
