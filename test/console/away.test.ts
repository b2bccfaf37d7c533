/** A daemon that goes away and comes back: the page says so, and goes on by itself. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { TestHost } from '#test/testbed/test-host.ts';
import { ConsoleHost, withoutChromium } from './console-host.ts';

const options = { skip: withoutChromium };
let host: TestHost;
let served: ConsoleHost;

before(async () => {
	if (withoutChromium) return;
	host = await TestHost.start();
	served = await ConsoleHost.start(host);
});
after(async () => {
	await served?.close();
	await host?.close();
});

test('the page says that the daemon is away, and shows what is new when it is back', options, async () => {
	await host.kleeOutput('network', 'create', 'earlier', '--type', 'bridge', '--subnet', '10.4.6.0/24');
	const { context, page } = await served.open();
	const other = await context.newPage();
	await other.goto(`${served.origin}/`);
	for (const tab of [page, other]) await tab.getByRole('region', { name: 'Network earlier,' }).waitFor();
	for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
		await host.stopDaemon(signal);
		for (const tab of [page, other]) await tab.locator('.connection.away').waitFor();
		assert.match((await page.textContent('.connection')) ?? '', /goes on by itself/);
		// What was known stays in view.
		assert.equal(await page.getByRole('region', { name: 'Network earlier,' }).count(), 1);
		await host.startDaemon();
		for (const tab of [page, other]) await tab.locator('.connection').waitFor({ state: 'detached' });
	}
	await host.kleeOutput('network', 'create', 'later', '--type', 'bridge', '--subnet', '10.4.7.0/24');
	for (const tab of [page, other]) await tab.getByRole('region', { name: 'Network later,' }).waitFor();
	await context.close();
});

test('a klee console that has ended is named, with the way to go on', options, async () => {
	const { page } = await served.open();
	await page.getByRole('region', { name: 'Network earlier,' }).waitFor();
	served.console.child.kill('SIGTERM');
	assert.equal((await served.console.ended).code, 0);
	await page.getByText('klee console has ended').waitFor();
	await page.getByText('type "klee console"').waitFor();
});
