import { basename } from 'node:path';
import type { Skopeo } from '#host/registry/skopeo.ts';
import { RegistryTransport } from '#host/registry/transport.ts';
import type { IncomingImage, Platform } from '#model/registry/remote-image.ts';
import { packLayer } from '#os/archive/packing/pack-layer.ts';
import { run } from '#os/exec.ts';
import type { Paths } from '../paths.ts';

/** Milliseconds. */
const MEASURING = 600_000;

/** Images elsewhere, of layers that are directories. */
export class LinuxTransport extends RegistryTransport {
	readonly #paths: Paths;

	constructor(paths: Paths, skopeo: Skopeo, platform: Platform) {
		super(paths, skopeo, platform);
		this.#paths = paths;
	}

	/** A directory has nothing of the layers below. */
	protected pack(layer: string): AsyncIterable<Buffer> {
		return packLayer(this.#paths.layer(layer));
	}

	look(url: string): Promise<readonly IncomingImage[] | undefined> {
		return this.archives.look(url);
	}

	async measure(layers: readonly string[]): Promise<ReadonlyMap<string, number>> {
		if (layers.length === 0) return new Map();
		const { stdout } = await run(['du', '-s', '-B1', ...layers.map((id) => this.#paths.layer(id))], {
			timeout: MEASURING,
		});
		const rows = stdout.split('\n').map((row) => row.split('\t'));
		return new Map(rows.flatMap(([size, path]) => (path ? [[basename(path), Number(size)] as const] : [])));
	}
}
