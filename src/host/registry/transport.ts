/** Images to and from registries and archives, by the skopeo of the daemon's machine. Their layers are the host's. */
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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
import type { ImageTransport } from '../driver.ts';
import { Archives } from './archives.ts';
import { Examination } from './examination.ts';
import { IN_LAYOUT } from './layout.ts';
import { skopeoName, titleOf } from './layouts.ts';
import { packLayout } from './packing.ts';
import { type RegistryPlaces, removeData } from './places.ts';
import type { Skopeo } from './skopeo.ts';

export abstract class RegistryTransport implements ImageTransport {
	readonly #places: RegistryPlaces;
	readonly #skopeo: Skopeo;
	readonly #examination: Examination;
	protected readonly archives: Archives;

	constructor(places: RegistryPlaces, skopeo: Skopeo, platform: Platform) {
		this.#places = places;
		this.#skopeo = skopeo;
		this.archives = new Archives(places);
		this.#examination = new Examination(skopeo, platform);
	}

	/**
	 * The changes of a layer in the format of OCI, as a plain archive in pieces: the same for the same files.
	 *
	 * @param below the layer that it stands on; undefined: none
	 */
	protected abstract pack(layer: string, below: string | undefined): AsyncIterable<Buffer>;
	abstract measure(layers: readonly string[]): Promise<ReadonlyMap<string, number>>;
	abstract look(url: string): Promise<readonly IncomingImage[] | undefined>;

	examine(location: ImageLocation, signal?: AbortSignal): Promise<RemoteImage> {
		return this.#examination.of(location, signal);
	}

	async send({ layers, config, names }: OutgoingImage, to: ImageLocation, options: SendOptions): Promise<Sent> {
		const layout = this.#places.layout(newId());
		const { progress = () => {}, signal } = options;
		try {
			mkdirSync(this.#places.layouts(), { recursive: true, mode: 0o700 });
			const data = layers.map((layer, index) => ({ layer, archive: () => this.pack(layer, layers[index - 1]) }));
			const { diffIds, blobs } = await packLayout(layout, { layers: data, config }, options);
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
			await removeData(layout);
		}
	}

	async *archive(image: OutgoingImage, format: ArchiveFormat, options: SendOptions): AsyncGenerator<Buffer> {
		const path = this.archives.place();
		await this.send(image, { kind: 'archive', format, path }, options);
		yield* this.archives.content(path);
	}

	receive(data: AsyncIterable<Buffer>, signal?: AbortSignal): Promise<Received> {
		return this.archives.receive(data, signal);
	}

	async login({ registry, insecure, ...who }: Credentials): Promise<void> {
		await this.#skopeo.login(registry, insecure ? ['--tls-verify=false'] : [], who);
		// It holds passwords.
		chmodSync(this.#places.credentials(), 0o600);
	}

	async logout(registry: string): Promise<void> {
		if (existsSync(this.#places.credentials())) await this.#skopeo.logout(registry);
	}
}
