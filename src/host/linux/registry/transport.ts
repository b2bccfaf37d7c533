/** Images to and from registries and archives. */
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ImageTransport } from '#host/driver.ts';
import { newId } from '#model/ids.ts';
import type {
	ArchiveFormat,
	Credentials,
	ImageLocation,
	IncomingImage,
	OutgoingImage,
	Platform,
	Received,
	RemoteImage,
	SendOptions,
	Sent,
} from '#model/registry/remote-image.ts';
import { run } from '#os/exec.ts';
import type { Paths } from '../paths.ts';
import { removeFiles } from '../storage/files.ts';
import { Archives } from './archives.ts';
import { Examination } from './examination.ts';
import { IN_LAYOUT } from './layout.ts';
import { skopeoName, titleOf } from './layouts.ts';
import { packLayout } from './packing.ts';
import type { Skopeo } from './skopeo.ts';

/** Milliseconds. */
const MEASURING = 600_000;

export class LinuxTransport implements ImageTransport {
	readonly #paths: Paths;
	readonly #skopeo: Skopeo;
	readonly #examination: Examination;
	readonly #archives: Archives;

	constructor(paths: Paths, skopeo: Skopeo, platform: Platform) {
		this.#paths = paths;
		this.#skopeo = skopeo;
		this.#archives = new Archives(paths);
		this.#examination = new Examination(skopeo, platform);
	}

	examine(location: ImageLocation, signal?: AbortSignal): Promise<RemoteImage> {
		return this.#examination.of(location, signal);
	}

	async send({ layers, config, names }: OutgoingImage, to: ImageLocation, options: SendOptions): Promise<Sent> {
		const layout = this.#paths.layout(newId());
		const { progress = () => {}, signal } = options;
		try {
			mkdirSync(this.#paths.layouts(), { recursive: true, mode: 0o700 });
			const directories = layers.map((id) => this.#paths.layer(id));
			const { diffIds, blobs } = await packLayout(layout, { layers: directories, config }, options);
			const digestFile = join(layout, 'digest');
			const onOutput = (line: string) => {
				const [, digest = ''] = /^Copying blob (sha256:[0-9a-f]{64})/.exec(line) ?? [];
				const layer = layers[blobs.indexOf(digest)];
				if (layer !== undefined && to.kind === 'registry') progress(`${layer}: sending\n`);
			};
			const tls = to.kind === 'registry' && to.insecure ? ['--dest-tls-verify=false'] : [];
			const target = skopeoName(to.kind === 'archive' && names[0] ? { ...to, name: names[0] } : to);
			const words = ['--digestfile', digestFile, ...tls, `oci:${layout}:${IN_LAYOUT}`, target];
			const what = `cannot ${to.kind === 'registry' ? 'push' : 'save'} ${titleOf(to)}`;
			await this.#skopeo.copy(words, what, { signal, onOutput });
			for (const layer of to.kind === 'registry' ? layers : []) progress(`${layer}: sent\n`);
			return { digest: readFileSync(digestFile, 'utf8').trim(), diffIds };
		} finally {
			await removeFiles(layout);
		}
	}

	async *archive(image: OutgoingImage, format: ArchiveFormat, options: SendOptions): AsyncGenerator<Buffer> {
		const path = this.#archives.place();
		await this.send(image, { kind: 'archive', format, path }, options);
		yield* this.#archives.content(path);
	}

	receive(data: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<Received> {
		return this.#archives.receive(data, signal);
	}

	look(url: string): Promise<readonly IncomingImage[] | undefined> {
		return this.#archives.look(url);
	}

	async login({ registry, insecure, ...who }: Credentials): Promise<void> {
		await this.#skopeo.login(registry, insecure ? ['--tls-verify=false'] : [], who);
		// It holds passwords.
		chmodSync(this.#paths.credentials(), 0o600);
	}

	async measure(layers: readonly string[]): Promise<ReadonlyMap<string, number>> {
		if (layers.length === 0) return new Map();
		const { stdout } = await run(['du', '-s', '-B1', ...layers.map((id) => this.#paths.layer(id))], {
			timeout: MEASURING,
		});
		const rows = stdout.split('\n').map((row) => row.split('\t'));
		return new Map(rows.flatMap(([size, path]) => (path ? [[basename(path), Number(size)] as const] : [])));
	}

	async logout(registry: string): Promise<void> {
		if (existsSync(this.#paths.credentials())) await this.#skopeo.logout(registry);
	}
}
