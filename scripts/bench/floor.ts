/**
 * What a run cannot be faster than: the client that does nothing else, and the runtime alone with the bundle of a container. A
 * running container of the same kind lends its files and namespaces.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../../test/testbed/command.ts';
import type { TestHost } from '../../test/testbed/test-host.ts';

interface Bundle {
	readonly process: { readonly args: readonly string[] };
	readonly mounts: readonly { readonly source: string }[];
	readonly linux: object;
}

const NAME = 'bench-floor';

export class Floor {
	readonly #host: TestHost;
	readonly #directory: string;

	/** @param options of `klee run` for the kind of container, e.g. `-l vnet -n bench` */
	static async start(host: TestHost, options: readonly string[]): Promise<Floor> {
		const id = await host.kleeOutput('run', '-d', '--rm', '--name', NAME, ...options, 'Debian', 'sleep', '600');
		const source = join(host.root, 'containers', id, 'bundle');
		const directory = join(host.folder, 'floor');
		mkdirSync(directory, { recursive: true });
		const config = JSON.parse(readFileSync(join(source, 'config.json'), 'utf8')) as Bundle;
		const own = (path: string) => {
			if (path !== join(source, 'status')) return path;
			copyFileSync(path, join(directory, 'status'));
			return join(directory, 'status');
		};
		const alone = {
			...config,
			// Instead of `sleep 600`.
			process: { ...config.process, args: [...config.process.args.slice(0, -2), 'true'] },
			mounts: config.mounts.map((mount) => ({ ...mount, source: own(mount.source) })),
			linux: { ...config.linux, cgroupsPath: `/kleene-floor-${process.pid}` },
		};
		writeFileSync(join(directory, 'config.json'), JSON.stringify(alone));
		return new Floor(host, directory);
	}

	private constructor(host: TestHost, directory: string) {
		this.#host = host;
		this.#directory = directory;
	}

	/** `runc run` of the bundle. */
	async run(): Promise<void> {
		const state = join(this.#directory, 'state');
		await outputOf(['runc', '--root', state, 'run', '--bundle', this.#directory, `floor-${process.pid}`]);
	}

	async close(): Promise<void> {
		await this.#host.kleeOutput('stop', '-t', '0', NAME);
	}
}
