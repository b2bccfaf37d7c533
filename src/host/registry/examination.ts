/** What an image elsewhere consists of, before anything of it is fetched. */
import { createHash } from 'node:crypto';
import { KleeneError } from '#errors/kleene-error.ts';
import type { ImageLocation, Platform, RemoteImage } from '#model/registry/remote-image.ts';
import { skopeoName, titleOf } from './layouts.ts';
import type { Skopeo } from './skopeo.ts';

interface Descriptor {
	readonly digest?: string;
	readonly size?: number;
	readonly platform?: { readonly os?: string; readonly architecture?: string; readonly variant?: string };
}

interface Manifest {
	readonly schemaVersion?: number;
	readonly manifests?: readonly Descriptor[];
	readonly layers?: readonly Descriptor[];
	readonly config?: Descriptor;
}

export class Examination {
	readonly #skopeo: Skopeo;
	readonly #platform: Platform;

	constructor(skopeo: Skopeo, platform: Platform) {
		this.#skopeo = skopeo;
		this.#platform = platform;
	}

	/** @throws KleeneError UNSUPPORTED_HERE for an image of another platform */
	async of(location: ImageLocation, signal?: AbortSignal): Promise<RemoteImage> {
		const text = await this.#raw(location, signal);
		const first = parse(text);
		const chosen = first.manifests ? this.#choose(location, first.manifests) : location;
		const manifest = first.manifests ? parse(await this.#raw(chosen, signal)) : first;
		if (!manifest.layers || !manifest.config) throw this.#unreadable(location);
		const config: unknown = JSON.parse(await this.#inspect(['--config', '--raw'], chosen, signal));
		this.#requirePlatform(location, config);
		return {
			digest: location.kind === 'registry' ? `sha256:${createHash('sha256').update(text).digest('hex')}` : '',
			location: chosen,
			config,
			layers: manifest.layers.map(({ digest = '', size = 0 }) => ({ digest, size })),
		};
	}

	#raw(location: ImageLocation, signal?: AbortSignal): Promise<string> {
		return this.#inspect(['--raw'], location, signal);
	}

	#inspect(words: readonly string[], location: ImageLocation, signal?: AbortSignal): Promise<string> {
		const tls = location.kind === 'registry' && location.insecure ? ['--tls-verify=false'] : [];
		const what = `cannot ${location.kind === 'registry' ? 'pull' : 'load'} ${titleOf(location)}`;
		return this.#skopeo.inspect([...words, ...tls, skopeoName(location)], what, signal);
	}

	#choose(location: ImageLocation, manifests: readonly Descriptor[]): ImageLocation {
		const { os, architecture } = this.#platform;
		const found = manifests.find(({ platform }) => platform?.os === os && platform.architecture === architecture);
		const others = manifests.flatMap(({ platform }) =>
			platform?.os ? [`${platform.os}/${platform.architecture}`] : [],
		);
		if (!found?.digest) throw this.#foreign(location, [...new Set(others)].join(', '));
		if (location.kind !== 'registry') return location;
		return { ...location, reference: `${nameOf(location.reference)}@${found.digest}` };
	}

	#requirePlatform(location: ImageLocation, config: unknown): void {
		const { os = '', architecture = '' } = (config ?? {}) as Partial<Platform>;
		if (os === this.#platform.os && architecture === this.#platform.architecture) return;
		throw this.#foreign(location, `${os}/${architecture}`);
	}

	#foreign(location: ImageLocation, platforms: string): KleeneError {
		const { os, architecture } = this.#platform;
		return new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what: `cannot use image ${titleOf(location)}`,
			why: `it is for ${platforms}, and this host runs ${os}/${architecture}`,
			hint: 'choose an image for this platform, or a daemon on a host of that one (--host)',
		});
	}

	#unreadable(location: ImageLocation): KleeneError {
		return new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what: `cannot use image ${titleOf(location)}`,
			why: 'its manifest is neither one of OCI nor one of Docker (schema 2)',
			hint: 'push it again with a current tool',
		});
	}
}

/** A reference without tag and digest. */
function nameOf(reference: string): string {
	const [name = ''] = reference.split('@');
	const colon = name.lastIndexOf(':');
	return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}

function parse(text: string): Manifest {
	try {
		return JSON.parse(text) as Manifest;
	} catch {
		return {};
	}
}
