/** A terminal in a container, in the browser. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Page } from 'playwright-core';
import { eventually } from '#test/testbed/eventually.ts';
import { fillRoot } from '#test/testbed/prepared/root.ts';
import { TestHost } from '#test/testbed/test-host.ts';
import { violations } from './accessibility.ts';
import { ConsoleHost, type Pages, withoutChromium } from './console-host.ts';

const options = { skip: withoutChromium };
let host: TestHost;
let served: ConsoleHost;

before(async () => {
	if (withoutChromium) return;
	host = await TestHost.start({ prepare: (_, root) => fillRoot(root) });
	served = await ConsoleHost.start(host);
	await host.kleeOutput('run', '-d', '--name', 'box', 'Debian', 'sleep', '600');
});
after(async () => {
	await served?.close();
	await host?.close();
});

async function openTerminal(container: string): Promise<Pages> {
	const pages = await served.open({ viewport: { width: 900, height: 600 } });
	await pages.page.goto(`${served.origin}/#/terminal/${container}`);
	return pages;
}

/** Rows of the terminal as they are drawn. */
const drawn = async (page: Page) => (await page.locator('.xterm-rows > div').allTextContents()).join('\n');

async function type(page: Page, line: string): Promise<void> {
	await page.keyboard.type(line);
	await page.keyboard.press('Enter');
}

const shows = (page: Page, pattern: RegExp) =>
	eventually(`the terminal shows ${pattern}`, async () => pattern.test(await drawn(page)));

async function says(page: Page, text: string): Promise<void> {
	let said: string | null = null;
	const within = { within: 20_000 };
	await eventually(
		`the page says ${text}`,
		async () => {
			said = await page.textContent('.terminal-state');
			return said === text;
		},
		within,
	).catch((error) => assert.fail(`${error}, but ${said}\n${host.log.slice(-1500)}`));
}

/** Shells in the container, besides its first process. */
async function shells(): Promise<number> {
	return (await host.kleeOutput('top', 'box')).split('\n').filter((line) => / sh$/.test(line)).length;
}

test('a shell in a container answers, knows its size, and ends with the exit code', options, async () => {
	const { context, page } = await openTerminal('box');
	await says(page, 'sh in box');
	await type(page, 'echo "$((6 * 7))" on $(tty) $TERM');
	await shows(page, /42 on \/dev\/pts\/\d+ xterm-256color/);
	await type(page, 'stty size');
	await shows(page, /\d+ \d+/);
	const [, rows = '', columns = ''] = /^(\d+) (\d+)$/m.exec((await drawn(page)).replaceAll('\u00a0', ' ')) ?? [];
	await page.setViewportSize({ width: 500, height: 400 });
	await eventually('the shell learns of the new size', async () => {
		await type(page, 'clear; stty size');
		const [, lower = '', narrower = ''] = /^(\d+) (\d+) *$/m.exec((await drawn(page)).replaceAll('\u00a0', ' ')) ?? [];
		return Number(lower) < Number(rows) && Number(narrower) < Number(columns) && narrower !== '';
	});
	await type(page, 'exit 7');
	await says(page, 'The shell has ended with exit code 7');
	await page.getByRole('button', { name: 'Open again' }).click();
	await says(page, 'sh in box');
	assert.deepEqual(served.complaints, []);
	await context.close();
	await eventually('the shell ends with the page', async () => (await shells()) === 0);
});

test('text is pasted and copied, and colours are drawn under the policy of the page', options, async () => {
	const { context, page } = await openTerminal('box');
	await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: served.origin });
	await says(page, 'sh in box');
	await page.evaluate(
		'navigator.clipboard.writeText(\'echo pasted; printf "\\\\033[38;2;255;0;0mred\\\\033[0m\\\\n"\')',
	);
	await page.keyboard.press('Control+Shift+V');
	await page.keyboard.press('Enter');
	await shows(page, /^pasted/m);
	await shows(page, /^red/m);
	const red = `[...document.querySelectorAll('.xterm-rows span')].find((it) => it.textContent === 'red')`;
	const colour = await page.evaluate(`getComputedStyle(${red}).color`);
	assert.match(String(colour), /^rgb\((2[0-9]{2}|1[5-9][0-9]), \d+, \d+\)$/);
	const box = await page.locator('.xterm-rows > div', { hasText: /^pasted/ }).boundingBox();
	await page.mouse.dblclick((box?.x ?? 0) + 10, (box?.y ?? 0) + 8);
	await page.getByRole('button', { name: 'Copy' }).click();
	assert.equal(await page.evaluate('navigator.clipboard.readText()'), 'pasted');
	assert.deepEqual(served.complaints, []);
	await context.close();
});

test('a process that floods the terminal neither stops the page nor fills its memory', options, async () => {
	const { context, page } = await openTerminal('box');
	await says(page, 'sh in box');
	await type(page, 'yes | head -c 5000000; echo do"ne"');
	await shows(page, /^done/m);
	assert.deepEqual(served.complaints, []);
	await context.close();
});

test('what cannot be opened is said, and how to go on', options, async () => {
	const { context, page } = await openTerminal('nothing');
	await page.getByText(/no such container|container not found/i).waitFor();
	await page.getByRole('button', { name: 'Open again' }).waitFor();
	assert.match(served.complaints.splice(0).join(), /^[^,]*404[^,]*$/);
	await context.close();
});

test('terminals are opened from the details of a container, several beside each other', options, async () => {
	const { context, page } = await served.open();
	await page.getByRole('button', { name: /^container box\b/ }).click();
	const open = page.getByRole('button', { name: 'Terminal', exact: true });
	await open.click();
	await says(page, 'sh in box');
	await open.click();
	assert.deepEqual(await violations(page, '.terminal-dock'), []);
	await eventually('two shells run', async () => (await shells()) === 2);
	await page.getByRole('button', { name: 'Close the terminal in box' }).first().click();
	await eventually('one shell runs', async () => (await shells()) === 1);
	await says(page, 'sh in box');
	await page.getByRole('button', { name: 'Close the terminal in box' }).click();
	await page.getByLabel('Terminals').waitFor({ state: 'detached' });
	assert.deepEqual(served.complaints, []);
	await context.close();
});
