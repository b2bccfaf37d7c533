/** Who gets in: the page of klee console, opened by its address, and nobody else. */
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
	await host.kleeOutput('network', 'create', 'secret', '--type', 'bridge', '--subnet', '10.4.6.0/24');
	served = await ConsoleHost.start(host);
});
after(async () => {
	const outcome = await served?.close();
	await host?.close();
	assert.deepEqual(outcome?.code, withoutChromium ? undefined : 0);
});

test('the address opens the page once; tabs and reloads of the same browser keep it', options, async () => {
	const { context, page } = await served.open();
	assert.equal(page.url(), `${served.origin}/`);
	assert.equal(await page.title(), 'Kleene');
	assert.equal((await page.reload())?.status(), 200);
	const second = await context.newPage();
	assert.equal((await second.goto(served.origin))?.status(), 200);
	const facts = await second.evaluate(async () => (await fetch('/console.json')).text());
	assert.equal(JSON.parse(facts).daemon, host.socket);
	assert.deepEqual(served.complaints, []);
	await context.close();
});
