/**
 * `klee console` and a Chromium beside it, in a network namespace of their own that has a loopback interface only: the
 * browser reaches nothing else. The daemon is that of a test host, over its socket.
 */
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { type Conversation, type Outcome, run } from '#test/testbed/command.ts';
import { createNamespace, removeNamespace, within } from '#test/testbed/network-namespace.ts';
import { providePage } from '#test/testbed/prepared/page.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { inPlace } from '#test/testbed/traffic/place.ts';

const CHROMIUM = '/usr/bin/chromium';

/** Reason to skip tests, false where there is a browser. */
export const withoutChromium: string | false = existsSync(CHROMIUM) ? false : 'there is no chromium on this machine';

/** It has no network, so it does not wait for one; and a name that an attacker would have point here. */
const ARGUMENTS = [
	'--disable-dev-shm-usage',
	'--disable-gpu',
	'--disable-component-update',
	'--disable-background-networking',
	'--host-resolver-rules=MAP attacker.example 127.0.0.1',
];

const ADDRESS = /http:\/\/127\.0\.0\.1:\d+\/\?token=\S+/;

export interface Pages {
	readonly context: BrowserContext;
	readonly page: Page;
}

export class ConsoleHost {
	readonly browser: Browser;
	readonly console: Conversation;
	/** E.g. `http://127.0.0.1:40123`. */
	readonly origin: string;
	readonly #namespace: string;
	#address: string | undefined;
	readonly #servers: Server[] = [];
	/** What the pages complained about in their consoles, e.g. violations of the policy. */
	readonly complaints: string[] = [];

	private constructor(namespace: string, browser: Browser, console: Conversation, address: string) {
		this.#namespace = namespace;
		this.browser = browser;
		this.console = console;
		this.origin = new URL(address).origin;
		this.#address = address;
	}

	/** @param words options of klee before `console` */
	static async start(host: TestHost, words: readonly string[] = []): Promise<ConsoleHost> {
		await providePage();
		const namespace = `${host.namespace}-b`;
		await createNamespace(namespace);
		const there = within(namespace).join(' ');
		const console = host.converse(
			[...words, 'console', '--no-open'],
			undefined,
			host.environment,
			`exec ${there} "$@"`,
		);
		try {
			const [[address], browser] = await Promise.all([console.until(ADDRESS), launch(host.folder, there)]);
			return new ConsoleHost(namespace, browser, console, address);
		} catch (error) {
			console.child.kill('SIGKILL');
			await removeNamespace(namespace);
			throw error;
		}
	}

	/** An address with a token that nobody has used. */
	async freshAddress(): Promise<string> {
		const first = this.#address;
		this.#address = undefined;
		if (first !== undefined) return first;
		this.console.type('\n');
		return (await this.console.until(ADDRESS))[0];
	}

	/** Opens the page in a browser without a past, as a user does. */
	async open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Pages> {
		const context = await this.browser.newContext(options);
		const page = await context.newPage();
		page.on('pageerror', (error) => this.complaints.push(String(error)));
		page.on('console', (message) => {
			if (message.type() === 'error') this.complaints.push(message.text());
		});
		await page.goto(await this.freshAddress());
		return { context, page };
	}

	/** Serves a page of somebody else's on a port of the machine of the browser, until `close`. */
	async serve(port: number, html: string): Promise<void> {
		const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end(html));
		inPlace(within(this.#namespace), () => server.listen(port));
		this.#servers.push(server);
		await once(server, 'listening');
	}

	/** Runs a command beside the browser, e.g. curl. */
	beside(...argv: readonly string[]): Promise<Outcome> {
		return run([...within(this.#namespace), ...argv]);
	}

	/** Ends the browser, and klee as Ctrl-C does. @returns how klee ended */
	async close(): Promise<Outcome> {
		await this.browser.close();
		for (const server of this.#servers) server.close();
		this.console.child.kill('SIGINT');
		const outcome = await this.console.ended;
		await removeNamespace(this.#namespace);
		return outcome;
	}
}

async function launch(folder: string, there: string): Promise<Browser> {
	const home = join(folder, 'browser');
	mkdirSync(home);
	const executablePath = join(home, 'chromium');
	writeFileSync(executablePath, `#!/bin/sh\nexec ${there} ${CHROMIUM} "$@"\n`, { mode: 0o755 });
	return chromium.launch({ executablePath, args: ARGUMENTS, env: { ...process.env, HOME: home } });
}
