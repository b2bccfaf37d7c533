import type { RegistryPlaces } from '#host/registry/places.ts';
import type { Skopeo } from '#host/registry/skopeo.ts';
import { RegistryTransport } from '#host/registry/transport.ts';
import type { Platform } from '#model/registry/remote-image.ts';
import { rowsOf } from '#os/freebsd/zfs.ts';
import { sh } from '#os/shell/quote.ts';
import type { Shell } from '#os/shell/shell.ts';
import type { Paths } from '../paths.ts';
import { askOne } from '../question.ts';
import { packLayer } from './packing.ts';

/** What it takes to reach registries: on the machine of the daemon, which need not be the host. */
export interface RegistryAccess {
	readonly places: RegistryPlaces;
	readonly skopeo: Skopeo;
}

/** Images elsewhere, of layers that are datasets. */
export class FreebsdTransport extends RegistryTransport {
	readonly #shell: Shell;
	readonly #paths: Paths;

	constructor(
		shell: Shell,
		paths: Paths,
		{ places, skopeo, platform }: RegistryAccess & { readonly platform: Platform },
	) {
		super(places, skopeo, platform);
		this.#shell = shell;
		this.#paths = paths;
	}

	protected pack(layer: string, below: string | undefined): AsyncIterable<Buffer> {
		return packLayer(this.#shell, this.#paths, { layer, below });
	}

	/** The host recognises them when they are unpacked: see `storage/oci-layout.ts`. */
	async look(): Promise<undefined> {
		return undefined;
	}

	async measure(layers: readonly string[]): Promise<ReadonlyMap<string, number>> {
		const script = sh`zfs list -Hp -o name,used -d 1 -r -t filesystem ${this.#paths.layers()}`;
		const rows = await askOne(this.#shell, { script, parse: rowsOf });
		const sizes = rows.map(([name = '', used]) => [name.slice(this.#paths.layers().length + 1), Number(used)] as const);
		return new Map(sizes.filter(([id]) => layers.includes(id)));
	}
}
