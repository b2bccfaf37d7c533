/** A registry of images on the loopback interface of a test host. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { outputOf, run } from './command.ts';
import { eventually } from './eventually.ts';
import { within } from './network-namespace.ts';

export interface Account {
	readonly user: string;
	readonly password: string;
}

export class Registry {
	readonly address: string;
	/** The words before a command that make it run on the network of the registry. */
	readonly #inside: readonly string[];
	readonly #folder: string;
	readonly #process: ChildProcess;
	#log = '';

	private constructor(inside: readonly string[], folder: string, port: number) {
		this.#inside = inside;
		this.#folder = folder;
		this.address = `127.0.0.1:${port}`;
		const argv = [...inside, 'docker-registry', 'serve', join(folder, 'config.json')];
		const [file = '', ...args] = argv;
		this.#process = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
		for (const stream of [this.#process.stdout, this.#process.stderr])
			stream?.setEncoding('utf8').on('data', (text: string) => {
				this.#log += text;
			});
	}

	/** @param namespace undefined: that of the test. @param account that alone may use it; absent: everybody may */
	static async start(
		namespace: string | undefined,
		{ port = 5000, account }: { port?: number; account?: Account } = {},
	) {
		const folder = mkdtempSync(join(tmpdir(), 'registry-'));
		const passwords = join(folder, 'htpasswd');
		if (account) writeFileSync(passwords, await htpasswd(account));
		const config = {
			version: '0.1',
			log: { accesslog: { disabled: false }, level: 'error' },
			storage: { filesystem: { rootdirectory: join(folder, 'data') }, delete: { enabled: true } },
			http: { addr: `127.0.0.1:${port}` },
			...(account ? { auth: { htpasswd: { realm: 'test', path: passwords } } } : {}),
		};
		writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
		const registry = new Registry(namespace === undefined ? [] : within(namespace), folder, port);
		try {
			await eventually('the registry answers', async () => (await registry.get('/v2/')).code === 0);
			return registry;
		} catch (error) {
			await registry.close();
			throw error;
		}
	}

	get(path: string) {
		return run([...this.#inside, 'curl', '-s', '-m', '5', `http://${this.address}${path}`]);
	}

	/** Requests for data of layers and configurations since the last time this was asked. */
	takeFetches(): string[] {
		const lines = this.#log.split('\n').filter((line) => /"GET [^"]*\/blobs\//.test(line));
		this.#log = '';
		return lines.map((line) => /\/blobs\/(\S+)/.exec(line)?.[1] ?? '');
	}

	/** Runs skopeo on the network of the host. */
	skopeo(...words: readonly string[]): Promise<string> {
		return outputOf([...this.#inside, 'skopeo', ...words]);
	}

	async close(): Promise<void> {
		// One that a signal has ended has no exit code.
		if (this.#process.exitCode === null && this.#process.signalCode === null) {
			const ended = new Promise((resolve) => this.#process.once('exit', resolve));
			this.#process.kill('SIGKILL');
			await ended;
		}
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

/** A port of the loopback interface, which other tests may share. */
export function freePort(): Promise<number> {
	const server = createServer();
	return new Promise((resolve) =>
		server.listen(0, '127.0.0.1', () => {
			const { port } = server.address() as { port: number };
			server.close(() => resolve(port));
		}),
	);
}

/** A line of htpasswd(1) with bcrypt, which is all that the registry takes. */
async function htpasswd({ user, password }: Account): Promise<string> {
	const hash = await outputOf(['perl', '-e', 'print crypt($ARGV[0], q($2b$04$abcdefghijklmnopqrstuu))', password]);
	return `${user}:${hash}\n`;
}
