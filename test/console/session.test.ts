/** Who gets in: the page of klee console, opened by its address, and nobody else. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { BrowserContext } from 'playwright-core';
import { eventually } from '#test/testbed/eventually.ts';
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
	assert.equal(outcome?.code, withoutChromium ? undefined : 0);
});

/** Status and body, as curl sees them. */
async function curl(path: string, ...more: readonly string[]): Promise<{ status: number; body: string }> {
	const args = ['--silent', '--max-time', '10', '--path-as-is', '--write-out', '\n%{http_code}', ...more];
	const { stdout } = await served.beside('curl', ...args, `${served.origin}${path}`);
	const end = stdout.lastIndexOf('\n');
	return { status: Number(stdout.slice(end + 1)), body: stdout.slice(0, end) };
}

/** As curl presents the session of a browser. */
async function cookieOf(context: BrowserContext): Promise<readonly string[]> {
	const cookies = await context.cookies(served.origin);
	return ['--cookie', cookies.map(({ name, value }) => `${name}=${value}`).join('; ')];
}

const HANDSHAKE = [
	...['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13'],
	'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
].flatMap((header) => ['--header', header]);

test('the address opens the page once; tabs and reloads of the same browser keep it', options, async () => {
	const { context, page } = await served.open();
	assert.equal(page.url(), `${served.origin}/`);
	assert.equal(await page.title(), 'Kleene');
	assert.equal((await page.reload())?.status(), 200);
	const second = await context.newPage();
	assert.equal((await second.goto(served.origin))?.status(), 200);
	const facts = await second.evaluate(async () => (await fetch('/console.json')).text());
	assert.equal(JSON.parse(facts).daemon, host.socket);
	const [cookie] = await context.cookies(served.origin);
	assert.match(cookie?.name ?? '', new RegExp(`-${new URL(served.origin).port}$`));
	assert.deepEqual([cookie?.httpOnly, cookie?.sameSite, cookie?.path], [true, 'Strict', '/']);
	assert.deepEqual(served.complaints, []);
	await context.close();
});

test('an address that a page of another site leads to opens the page, too', options, async () => {
	const context = await served.browser.newContext();
	const page = await context.newPage();
	const address = await served.freshAddress();
	await served.serve(8080, `<a href="${address}">console</a>`);
	await page.goto('http://attacker.example:8080/');
	await page.click('a');
	await page.waitForURL(`${served.origin}/`);
	assert.equal(await page.title(), 'Kleene');
	await context.close();
});

test('without a session there is nothing: no page, no file, no request, no stream', options, async () => {
	const used = await served.freshAddress();
	const token = new URL(used).search;
	assert.equal((await curl(`/${token}`)).status, 303);
	const others = ['/?token=', '/?token=guess', `/${token}`, `/main.js${token}`];
	for (const path of [...others, '/', '/main.js', '/main.css', '/console.json', '/api/topology', '/nothing']) {
		const { status, body } = await curl(path);
		assert.equal(status, 403, path);
		assert.doesNotMatch(body, /secret|kleened\.sock|<script/, path);
	}
	for (const path of ['/api/exec/start', '/stream/topology/changes'])
		assert.equal((await curl(path, ...HANDSHAKE, '--header', `Origin: ${served.origin}`)).status, 403, path);
	const page = await served.browser.newPage();
	await page.goto(used);
	assert.match(
		(await page.textContent('body')) ?? '',
		/error: .*\n *why: the address was used before\n *hint: press Enter/,
	);
	await page.context().close();
});

test('only the files of the page are served, whatever the path', options, async () => {
	const { context } = await served.open();
	const cookie = await cookieOf(context);
	for (const path of ['/index.html', '/../package.json', '/%2e%2e/package.json', '/main.js/..', '//main.js', '/src'])
		assert.equal((await curl(path, ...cookie)).status, 404, path);
	assert.equal((await curl('/main.js', ...cookie)).status, 200);
	assert.equal((await curl('/', ...cookie, '-X', 'PUT', '-H', `Origin: ${served.origin}`)).status, 404);
	assert.equal((await curl('/api/topology', ...cookie, '-X', 'TRACE', '-H', `Origin: ${served.origin}`)).status, 405);
	await context.close();
});

test('a session does not help other pages: origin, site and name of the host are checked', options, async () => {
	const { context } = await served.open();
	const cookie = await cookieOf(context);
	const refused: [string, ...string[]][] = [
		['/api/topology', '-H', 'Origin: http://attacker.example'],
		['/api/topology', '-H', 'Sec-Fetch-Site: cross-site'],
		['/api/topology', '-H', 'Sec-Fetch-Site: same-site'],
		['/api/topology', '-H', `Host: attacker.example:${new URL(served.origin).port}`],
		['/', '-H', 'Host: attacker.example'],
		['/api/networks/prune', '-X', 'POST'],
		['/api/networks/prune', '-X', 'POST', '-H', 'Origin: null'],
		['/api/exec/start', ...HANDSHAKE],
		['/api/exec/start', ...HANDSHAKE, '-H', 'Origin: http://attacker.example'],
		['/stream/topology/changes', ...HANDSHAKE, '-H', 'Origin: http://127.0.0.1:1'],
	];
	for (const [path, ...more] of refused) {
		const { status, body } = await curl(path, ...cookie, ...more);
		assert.equal(status, 403, `${path} ${more.join(' ')}`);
		assert.doesNotMatch(body, /secret/);
	}
	assert.match((await curl('/api/topology', ...cookie)).body, /secret/);
	await context.close();
});

/** What a hostile page can try with the browser of somebody who has a session. Its title tells what it got. */
const hostilePage = (origin: string) => `<body></body><script type="module">
const loaded = (tag, path) => new Promise((resolve) => {
	const element = document.createElement(tag);
	element.onload = () => resolve([tag + ' loaded']);
	element.onerror = () => resolve([]);
	element.src = '${origin}' + path;
	document.body.append(element);
});
const fetched = async (init) => {
	try {
		const response = await fetch('${origin}/api/topology', { credentials: 'include', ...init });
		return ['fetched ' + response.status + await response.text()];
	} catch {
		return [];
	}
};
const opened = (path) => new Promise((resolve) => {
	const socket = new WebSocket('${origin.replace('http', 'ws')}' + path);
	socket.onopen = () => resolve([path + ' opened']);
	socket.onerror = () => resolve([]);
});
const tried = [
	loaded('img', '/api/topology'), loaded('script', '/main.js'),
	fetched({}), fetched({ mode: 'no-cors' }), fetched({ method: 'POST', body: '{}' }),
	opened('/api/exec/start'), opened('/stream/topology/changes'),
];
document.title = 'got: ' + (await Promise.all(tried)).flat().join(', ');
</script>`;

test('pages of other sites and of other ports get nothing in a browser with a session', options, async () => {
	const { context } = await served.open();
	const { port } = new URL(served.origin);
	await served.serve(8081, hostilePage(served.origin));
	for (const place of ['http://attacker.example:8081', 'http://127.0.0.1:8081']) {
		const page = await context.newPage();
		await page.goto(`${place}/`);
		await eventually('its attempts end', async () => (await page.title()) !== '');
		assert.equal(await page.title(), 'got:', place);
		await page.close();
	}
	const rebound = await context.newPage();
	const response = await rebound.goto(`http://attacker.example:${port}/`);
	assert.equal(response?.status(), 403);
	assert.doesNotMatch(await rebound.content(), /secret|<script/);
	await context.close();
});
