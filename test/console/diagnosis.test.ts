/** Trace by pointing and the findings of doctor in a browser; and what a page must be for everybody. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { ConsoleHost, withoutChromium } from './console-host.ts';

const options = { skip: withoutChromium };
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

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
	for (const [name, network] of [
		['web', 'front'],
		['api', 'front'],
		['db', 'back'],
	] as const)
		await host.kleeOutput('run', '-d', '--name', name, '-l', 'vnet', '-n', network, 'Debian', 'sleep', '3600');
	served = await ConsoleHost.start(host);
	({ page } = await served.open({ viewport: { width: 1280, height: 800 } }));
	page.setDefaultTimeout(10_000);
	await page.locator('[data-container]').first().waitFor();
});
after(async () => {
	await served?.close();
	await host?.close();
});

const tile = (name: string) => page.getByRole('button', { name: new RegExp(`^container ${name}\\b`) });
/** Names of the containers and networks, and the number of cables, that are lit. */
const lit = () =>
	page.evaluate<string[]>(`[
		...[...document.querySelectorAll('.tile.lit .tile-name, .card.lit .card-name')].map((one) => one.textContent.replace(/^container |, .*/g, '').trim()),
		document.querySelectorAll('.cable.lit').length + ' cables',
	].sort()`);

test('two ends are pointed at, and the way lights up to where the packet gets', options, async () => {
	await page.getByRole('button', { name: 'Trace a packet' }).click();
	await tile('web').click();
	await tile('api').click();
	const said = page.getByRole('region', { name: 'Trace' });
	await said.getByText('✓ reachable').waitFor();
	assert.deepEqual(await lit(), ['2 cables', 'api', 'front', 'web']);
	await tile('web').click();
	await tile('db').click();
	await said.getByText('✗ not reachable').waitFor();
	assert.match((await said.textContent()) ?? '', /back is internal.*klee network connect back web.*Probe: /);
	assert.deepEqual(await lit(), ['1 cables', 'back', 'front', 'web'], 'the destination stays dark');
	await said.getByRole('button', { name: 'End' }).click();
	assert.deepEqual(await lit(), ['0 cables']);
});

test('ends are chosen from lists, too, with a port', options, async () => {
	await page.getByRole('button', { name: 'Trace a packet' }).click();
	await page.getByRole('combobox', { name: 'From' }).selectOption('outside');
	await page.getByRole('combobox', { name: 'To', exact: true }).selectOption('web');
	await page.getByLabel('Port').fill('80');
	await page.getByRole('button', { name: 'Probe' }).click();
	await page
		.getByRole('region', { name: 'Trace' })
		.getByText('nothing but published ports is reached')
		.first()
		.waitFor();
	await page.getByRole('button', { name: 'End' }).click();
});

test('what doctor finds is marked where it is, and repaired', options, async () => {
	const [epair] = await host
		.kleeJson<{ network_endpoints: { epair: string }[] }>('isn', 'back')
		.then((one) => one.network_endpoints);
	await host.inside('ip', 'link', 'set', `${epair?.epair}a`, 'down');
	await page.getByRole('link', { name: 'Doctor' }).click();
	await page.getByRole('button', { name: 'Examine again' }).click();
	await page.getByRole('heading', { name: /✗/ }).first().waitFor();
	await page.getByRole('link', { name: 'Map' }).click();
	await page.locator('.mark').first().waitFor();
	await page.getByRole('link', { name: 'Doctor' }).click();
	await page.getByRole('button', { name: /^Repair/ }).click();
	await page.getByText('1 repaired').waitFor();
	await page.getByText('✗').first().waitFor({ state: 'detached' });
});

for (const colorScheme of ['light', 'dark'] as const)
	for (const width of [1280, 380])
		test(`axe finds nothing, ${colorScheme}, ${width} px`, options, async () => {
			const { context, page } = await served.open({ viewport: { width, height: 800 }, colorScheme });
			for (const step of ['', 'details', 'trace', 'doctor']) {
				if (step === '') await page.locator('[data-container]').first().waitFor();
				if (step === 'details') await page.getByRole('button', { name: /^container web\b/ }).click();
				if (step === 'trace') await page.getByRole('button', { name: 'Trace a packet' }).click();
				if (step === 'doctor') await page.getByRole('link', { name: 'Doctor' }).click();
				// Of the test, not of the page, whose policy would refuse it.
				const found = await page.evaluate<string[]>(
					`${AXE}; axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
				);
				assert.deepEqual(found, [], step);
				const wider = await page.evaluate<boolean>('document.documentElement.scrollWidth > innerWidth');
				assert.equal(wider, false, `${step} is wider than the window`);
			}
			await context.close();
		});
