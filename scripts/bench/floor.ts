/**
 * What a run cannot be faster than: the client that does nothing else, and the runtime alone with the bundle of a container. A
 * running container of the same kind lends its files and namespaces.
 */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { outputOf } from '../../test/testbed/command.ts';
import { type CrunPlace, placeForCrun } from '../../test/testbed/crun-place.ts';
import type { TestHost } from '../../test/testbed/test-host.ts';
import { Errands } from './errands.ts';

interface Bundle {
	readonly process: { readonly args: readonly string[] };
	readonly mounts: readonly { readonly source: string }[];
	readonly linux: object;
}

const NAME = 'bench-floor';
const CONTAINER = `floor-${process.pid}`;

export class Floor {
	readonly #host: TestHost;
	readonly #directory: string;
	#place: CrunPlace | string | undefined;
	#errands: Errands | undefined;

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
		await outputOf(this.#command('runc'));
	}

	/** `crun run` of the bundle, in the place where it works. @returns milliseconds, or why there is none */
	async timeOfCrun(): Promise<number | string> {
		this.#place ??= placeForCrun();
		const place = this.#place;
		if (typeof place === 'string') return place;
		this.#errands ??= new Errands(place.words);
		const { milliseconds, code, stderr } = await this.#errands.run(this.#command('crun'));
		return code === 0 ? milliseconds : stderr;
	}

	#command(runtime: 'runc' | 'crun'): string[] {
		return [runtime, '--root', join(this.#directory, runtime), 'run', '--bundle', this.#directory, CONTAINER];
	}

	async close(): Promise<void> {
		await this.#errands?.close();
		await this.#host.kleeOutput('stop', '-t', '0', NAME);
	}
}
