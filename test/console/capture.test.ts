/** Packets as a live list in the browser, and as a file. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import type { Place } from '#test/testbed/traffic/place.ts';
import { violations } from './accessibility.ts';
import { ConsoleHost, withoutChromium } from './console-host.ts';

const options = { skip: withoutChromium };
let land: Landscape;
let web: Place;
let db: Place;
let served: ConsoleHost;

before(async () => {
	if (withoutChromium) return;
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'front');
	web = (await land.member('web', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.10')).place;
	db = (await land.member('db', '-l', 'vnet', '-n', 'front', '--ip', '10.4.6.11')).place;
	await land.listen(web, 'web', 'tcp/80');
	served = await ConsoleHost.start(land.host);
});
after(async () => {
	await served?.close();
	await land?.close();
});

const talk = () => land.ask(db, { address: '10.4.6.10', port: 80 });

test(
	'packets are listed by names while they come, until the capture is stopped, and saved as a file',
	options,
	async () => {
		const { context, page } = await served.open({ acceptDownloads: true });
		await page.getByRole('link', { name: 'Capture' }).click();
		await page.getByLabel('Container or network').selectOption('web');
		await page.getByLabel('Filter of tcpdump').fill('tcp port 80');
		await page.getByRole('button', { name: 'Start' }).click();
		const rows = page.locator('.windowed tbody tr:not(.gap)');
		await eventually('packets are there', async () => {
			await talk();
			return (await rows.filter({ hasText: /db.*web|10\.4\.6\.11.*10\.4\.6\.10/ }).count()) > 0;
		});
		assert.deepEqual(await violations(page), []);
		await page.getByRole('button', { name: 'Stop' }).click();
		await page.getByText('Stopped').waitFor();
		await page.getByLabel('Filter of tcpdump').fill('no such filter');
		await page.getByRole('button', { name: 'Start' }).click();
		await page.locator('.refusal').waitFor();
		await page.getByLabel('Filter of tcpdump').fill('');
		const link = page.getByRole('link', { name: /as a file/ });
		assert.match((await link.getAttribute('href')) ?? '', /^\/api\/capture\?of=web&seconds=30$/);
		await link.evaluate(`document.querySelector('a[download]').href = '/api/capture?of=web&seconds=1'`);
		const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
		assert.equal(download.suggestedFilename(), 'web.pcapng');
		const saved = readFileSync(await download.path());
		assert.equal(saved.readUInt32LE(0), 0x0a0d0d0a);
		await context.close();
	},
);
