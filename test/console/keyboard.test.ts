/** The page without a pointer: everything is reached by Tab, and done by Enter. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
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
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'front');
	await host.kleeOutput('run', '-d', '--name', 'web', '-l', 'vnet', '-n', 'front', 'Debian', 'sleep', '3600');
	served = await ConsoleHost.start(host);
	({ page } = await served.open());
	page.setDefaultTimeout(10_000);
	await page.locator('[data-container]').first().waitFor();
});
after(async () => {
	await served?.close();
	await host?.close();
});

const FOCUSED = '(document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent).trim()';
/** More than the page has to stop at. */
const MOST = 60;

/** Presses Tab until the focus is there. @returns the name of what has it */
async function tabTo(name: RegExp): Promise<string> {
	const passed: string[] = [];
	for (let press = 0; press < MOST; press += 1) {
		await page.keyboard.press('Tab');
		const focused = await page.evaluate<string>(FOCUSED);
		if (name.test(focused)) return focused;
		passed.push(focused);
	}
	throw new Error(`Tab does not reach ${name}, but ${passed.join(' | ')}`);
}

test('a container is stopped by keys, and the focus is seen wherever it is', options, async () => {
	await tabTo(/^front/);
	await tabTo(/^container web/);
	const outline = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
	assert.equal(outline, 'solid');
	await page.keyboard.press('Enter');
	await page.getByRole('heading', { name: 'web' }).waitFor();
	await tabTo(/^Stop$/);
	await page.keyboard.press('Enter');
	const dialog = page.getByRole('dialog');
	await dialog.getByText('As a command').waitFor();
	await page.keyboard.press('Escape');
	await dialog.waitFor({ state: 'detached' });
	assert.match(await host.kleeOutput('lsc'), /web/, 'Escape leaves it');
	await tabTo(/^Stop$/);
	await page.keyboard.press('Enter');
	await dialog.getByRole('button', { name: 'Stop web' }).and(dialog.locator(':enabled')).waitFor();
	await tabTo(/^Stop web$/);
	await page.keyboard.press('Enter');
	await page.getByRole('button', { name: /^container web\b.*stopped/ }).waitFor();
	assert.deepEqual(served.complaints, []);
});
