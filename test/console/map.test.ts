/** The map in a browser shows what is there, follows what changes, and changes it. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Locator, Page } from 'playwright-core';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { ConsoleHost, withoutChromium } from './console-host.ts';

const options = { skip: withoutChromium };
let host: TestHost;
let served: ConsoleHost;
let page: Page;

before(async () => {
	if (withoutChromium) return;
	host = await startHostWithImage();
	for (const [name, third, ...more] of [
		['front', '6'],
		['back', '7', '--internal'],
	] as const)
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', `10.4.${third}.0/24`, ...more, name);
	const sleep = ['Debian', 'sleep', '3600'];
	await host.kleeOutput('run', '-d', '--name', 'web', '-l', 'vnet', '-n', 'front', '-p', '8080:80', ...sleep);
	await host.kleeOutput('run', '-d', '--name', 'db', '-l', 'ipnet', '-n', 'back', ...sleep);
	served = await ConsoleHost.start(host);
	({ page } = await served.open({ viewport: { width: 1280, height: 800 } }));
	page.setDefaultTimeout(10_000);
	await page.locator('[data-container]').first().waitFor();
});
after(async () => {
	await served?.close();
	await host?.close();
});

const card = (name: string) => page.getByRole('region', { name: `Network ${name},` });
const tile = (name: string) => page.getByRole('button', { name: new RegExp(`^container ${name}\\b`) });

const textOf = async (place: Locator) => (await place.textContent()) ?? '';

/** In the page: the time of the frame that has one more cable. Milliseconds since 1970; 0: there was none. */
const UNTIL_ONE_MORE_CABLE = `(async () => {
	const cables = () => document.querySelectorAll('.cable').length;
	const before = cables();
	for (const start = performance.now(); performance.now() - start < 10000; ) {
		if (cables() > before) return Date.now();
		await new Promise((resolve) => requestAnimationFrame(resolve));
	}
	return 0;
})()`;

/** Kept where KLEENE_ARTEFACTS says. */
async function picture(name: string): Promise<void> {
	const folder = process.env.KLEENE_ARTEFACTS ?? join(host.folder, 'pictures');
	mkdirSync(folder, { recursive: true });
	await page.screenshot({ path: join(folder, `${name}.png`) });
}

test('networks have their containers on them, with addresses, ports and walls', options, async () => {
	assert.match(await textOf(card('front')), /front.*10\.4\.6\.0\/24.*kleene0 10\.4\.6\.1/);
	assert.match(await textOf(tile('web')), /running,vnet10\.4\.6\.2⇥ 8080 → 80/);
	assert.match((await card('back').getAttribute('class')) ?? '', /internal/);
	assert.match(await textOf(tile('db')), /ipnet10\.4\.7\.2/);
	await picture('map');
});

test('a connect is on the map within 200 ms of the event', options, async () => {
	const seen = page.evaluate<number>(UNTIL_ONE_MORE_CABLE);
	const { code } = await host.klee('network', 'connect', 'back', 'web');
	const answered = Date.now();
	assert.equal(code, 0);
	const late = (await seen) - answered;
	assert.ok(late < 200, `${late} ms after the answer`);
});

test('a container is stopped and started by its buttons, with the plan before it', options, async () => {
	await tile('web').click();
	await page.getByRole('button', { name: 'Stop', exact: true }).click();
	const dialog = page.getByRole('dialog');
	await dialog.getByText('nft delete element').waitFor();
	assert.match(await textOf(dialog), /klee stop web/);
	await dialog.getByRole('button', { name: 'Leave it' }).click();
	assert.match(await textOf(tile('web')), /running/, 'a plan changes nothing');
	for (const [action, state] of [
		['Stop', 'stopped'],
		['Start', 'running'],
	] as const) {
		await page.getByRole('button', { name: action, exact: true }).click();
		await dialog.getByRole('button', { name: `${action} web` }).click();
		await page.getByRole('button', { name: new RegExp(`^container web\\b.*${state}`) }).waitFor();
	}
});

test('a cable is dragged from a container to a network', options, async () => {
	await host.kleeOutput('network', 'disconnect', 'back', 'web');
	const from = (await tile('web').boundingBox())!;
	const to = (await card('back').boundingBox())!;
	await page.mouse.move(from.x + 20, from.y + 20);
	await page.mouse.down();
	await page.mouse.move(to.x + 40, to.y + 20, { steps: 8 });
	await page.mouse.up();
	const dialog = page.getByRole('dialog');
	assert.match(await textOf(dialog), /Connect web to back/);
	await dialog.getByRole('button', { name: 'Connect web to back' }).click();
	await dialog.waitFor({ state: 'detached' });
	const { network_endpoints } = await host.kleeJson<{ network_endpoints: unknown[] }>('isn', 'back');
	assert.equal(network_endpoints.length, 2);
});

test('details show output as it comes, and the page complains about nothing', options, async () => {
	const words = ['/bin/sh', '-c', 'echo "<b>hello</b>"; exec sleep 3600'];
	await host.kleeOutput('run', '-d', '--name', 'loud', '-l', 'vnet', '-n', 'front', 'Debian', ...words);
	await tile('loud').click();
	await page.getByRole('tab', { name: 'Logs' }).click();
	await page.getByLabel('Output').getByText('<b>hello</b>').waitFor();
	await page.getByRole('tab', { name: 'Inspect' }).click();
	await page.getByLabel('Inspect').getByText('"loud"').waitFor();
	assert.deepEqual(served.complaints, []);
});
