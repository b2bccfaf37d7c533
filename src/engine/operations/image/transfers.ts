import { KleeneError } from '#errors/kleene-error.ts';
import { newId } from '#model/ids.ts';
import type { HistoryEntry, Image } from '#model/image.ts';
import type { Layer } from '#model/layer.ts';
import type {
	ArchiveFormat,
	Credentials,
	ImageLocation,
	OutgoingImage,
	RemoteImage,
} from '#model/registry/remote-image.ts';
import { make, type Step, unmake } from '#model/step.ts';
import type { StoreChange } from '#model/store-change.ts';
import type { EngineContext } from '../../context.ts';
import { findImage } from '../../identify.ts';
import { type OciImage, parseOciConfig, renderOciConfig } from '../../plan/image/oci-config.ts';
import type { ImageOperations, ImageRequest } from './images.ts';
import type { Layers } from './layers.ts';

export interface TransferOptions {
	/** Called with text for the user while it goes on. */
	readonly progress: (text: string) => void;
	/** Ends it: what was made so far is undone; its reason is thrown. */
	readonly signal?: AbortSignal;
}

/** An image in a registry. */
export interface RegistryReference {
	readonly reference: string;
	readonly insecure: boolean;
}

/** Layers of a remote image, the lowest one first: those that are there, and drafts of the others. */
interface Chain {
	readonly present: readonly Layer[];
	readonly missing: readonly Layer[];
}

/** Images that come from elsewhere and go elsewhere. */
export class ImageTransfers {
	readonly #context: EngineContext;
	readonly #images: ImageOperations;
	readonly #layers: Layers;

	constructor(context: EngineContext, images: ImageOperations, layers: Layers) {
		this.#context = context;
		this.#images = images;
		this.#layers = layers;
	}

	/** @returns the id of the image, which has the reference as its name */
	pull({ reference, insecure }: RegistryReference, options: TransferOptions): Promise<string> {
		const location = { kind: 'registry', reference: requireReference(reference), insecure } as const;
		const [named = ''] = reference.split('@');
		return this.take(location, reference === named ? named : '', options);
	}

	/**
	 * Makes an image of one that is elsewhere: layers that are here already are neither fetched nor unpacked again.
	 *
	 * @param nametag of the image here; `''`: untagged
	 */
	async take(location: ImageLocation, nametag: string, options: TransferOptions): Promise<string> {
		const { transport } = this.#context.driver;
		const remote = await transport.examine(location, options.signal);
		const oci = parseOciConfig(remote.config);
		if (oci.diffIds.length !== remote.layers.length) throw incomplete(location);
		const chain = this.#chainOf(oci.diffIds);
		const top = chain.present.at(-1)?.id ?? null;
		return await this.#layers.keeping(top, () => this.#make({ remote, oci, chain, nametag }, options));
	}

	/** The longest beginning of the chain that is here. */
	#chainOf(diffIds: readonly string[]): Chain {
		const present: Layer[] = [];
		for (const diffId of diffIds) {
			const layer = this.#layers.ofDiff(present.at(-1)?.id ?? null, diffId);
			if (!layer) break;
			present.push(layer);
		}
		const missing: Layer[] = [];
		for (const diffId of diffIds.slice(present.length))
			missing.push(this.#layers.draft((missing.at(-1) ?? present.at(-1))?.id ?? null, { diffId }));
		return { present, missing };
	}

	async #make(
		{ remote, oci, chain, nametag }: { remote: RemoteImage; oci: OciImage; chain: Chain; nametag: string },
		{ progress, signal }: TransferOptions,
	): Promise<string> {
		const { executor } = this.#context;
		const all = [...chain.present, ...chain.missing];
		const image = this.#draft({ remote, oci, nametag }, all);
		const known = this.#known(image);
		if (known) {
			if (nametag !== '') this.#images.tag(known.id, nametag);
			progress('It is here already.\n');
			return known.id;
		}
		for (const [index] of chain.present.entries())
			progress(`${remote.layers[index]?.digest.slice(7, 19)}: here already\n`);
		const layout = newId();
		const steps = chain.missing.length === 0 ? [] : this.#steps(layout, remote, chain);
		const done: StoreChange[] = [
			...chain.missing.map((layer) => ({ kind: 'layer-created', layer }) as const),
			{ kind: 'image-created', image },
		];
		const cancelling = signal ? { signal } : {};
		try {
			await executor.build({ subject: `image ${image.id}`, steps, done }, { progress, ...cancelling });
		} finally {
			await this.#forget(layout, remote.location);
		}
		return image.id;
	}

	#draft(
		{ remote, oci, nametag }: { remote: RemoteImage; oci: OciImage; nametag: string },
		all: readonly Layer[],
	): Image {
		const history = oci.history.map(({ layer, ...entry }): HistoryEntry => {
			return { ...entry, layer: layer === undefined ? '' : (all[layer]?.id ?? '') };
		});
		const layer = all.at(-1)?.id ?? '';
		return this.#images.draft({ nametag, layer, config: oci.config, history, digest: remote.digest });
	}

	/** The same image, if it is here and can have this name without losing another one. */
	#known({ layer, digest, config, name, tag }: Image): Image | undefined {
		const text = JSON.stringify(config);
		return this.#images
			.list()
			.filter((one) => one.name === '' || name === '' || (one.name === name && one.tag === tag))
			.find((one) => one.layer === layer && one.digest === digest && JSON.stringify(one.config) === text);
	}

	#steps(layout: string, { location, layers }: RemoteImage, { present, missing }: Chain): Step[] {
		const below = present.map(({ id }) => id).toReversed();
		const unpack = missing.map(({ id, diffId }, index) => {
			const lower = [...missing.slice(0, index).map((one) => one.id)].reverse();
			const source = { kind: 'blob', layout, position: present.length + index, diffId } as const;
			return make({ kind: 'layer', layer: id, below: [...lower, ...below], source });
		});
		const [skip, fetch] = [layers.slice(0, present.length), layers.slice(present.length)];
		return [make({ kind: 'layout', layout, location, skip, fetch }), ...unpack];
	}

	/** Nothing stands on it: where it cannot be removed now, it is at the next start. */
	async #forget(layout: string, location: ImageLocation): Promise<void> {
		const { executor, log } = this.#context;
		await executor.tryAll([unmake({ kind: 'layout', layout, location, skip: [] })], (_, error) =>
			log.warn({ layout, error }, 'cannot remove the data of a pulled image'),
		);
	}

	/** As `ImageOperations.create`, but an archive of an image on the host becomes that image. */
	async create(request: ImageRequest, { progress, signal }: TransferOptions): Promise<string> {
		const { source, tag } = request;
		const images = source.kind === 'archive' ? await this.#context.driver.transport.look(source.url) : undefined;
		if (!images) return await this.#images.create(request, progress, signal);
		const [image, ...more] = images;
		if (!image || more.length > 0) throw severalImages();
		progress('The archive holds an image: it is loaded as it is.\n');
		return await this.take(image.location, tag, { progress, ...(signal ? { signal } : {}) });
	}

	/** Images of an archive, each by the name that it has there. @returns their ids */
	async load(data: AsyncIterable<Buffer>, options: TransferOptions): Promise<string[]> {
		const { images, forget } = await this.#context.driver.transport.receive(data, options.signal);
		try {
			const ids: string[] = [];
			for (const { location, nametag } of images) ids.push(await this.take(location, nametag, options));
			return ids;
		} finally {
			await forget();
		}
	}

	/** An image as an archive, in pieces. */
	async *save(identifier: string, format: ArchiveFormat, signal?: AbortSignal): AsyncGenerator<Buffer> {
		const image = findImage(this.#context.store, identifier);
		const outgoing = this.#outgoing(image);
		const release = this.#layers.keep(image.layer);
		try {
			yield* this.#context.driver.transport.archive(outgoing, format, signal ? { signal } : {});
		} finally {
			await release();
		}
	}

	#outgoing(image: Image): OutgoingImage {
		const layers = this.#layers.chainOf(image.layer).toReversed();
		return {
			layers,
			config: renderOciConfig(image, layers, this.#context.driver.facts().platform),
			names: image.name === '' ? [] : [nametagOf(image)],
		};
	}

	/** @param to default: the name of the image. @returns the digest of the manifest */
	async push(identifier: string, to: RegistryReference, options: TransferOptions): Promise<string> {
		const image = findImage(this.#context.store, identifier);
		const reference = requireReference(to.reference === '' ? nametagOf(image) : to.reference);
		const digest = await this.send(image, { kind: 'registry', reference, insecure: to.insecure }, options);
		this.#context.store.images.setDigest(image.id, digest);
		return digest;
	}

	/** @returns the digest of the manifest */
	async send(image: Image, to: ImageLocation, { progress, signal }: TransferOptions): Promise<string> {
		const { store, driver } = this.#context;
		const outgoing = this.#outgoing(image);
		return await this.#layers.keeping(image.layer, async () => {
			const options = { progress, ...(signal ? { signal } : {}) };
			const { digest, diffIds } = await driver.transport.send(outgoing, to, options);
			// Pulled again, these layers are known.
			for (const [index, id] of outgoing.layers.entries()) store.layers.setDiffId(id, diffIds[index] ?? '');
			return digest;
		});
	}

	async login(credentials: Credentials): Promise<void> {
		await this.#context.driver.transport.login(credentials);
	}

	async logout(registry: string): Promise<void> {
		await this.#context.driver.transport.logout(registry);
	}
}

function severalImages(): KleeneError {
	return new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: 'cannot create the image',
		why: 'the archive holds several images, or none',
		hint: 'load all of them with "klee image load -i FILE"',
	});
}

function nametagOf({ id, name, tag }: Image): string {
	if (name !== '') return `${name}:${tag}`;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot push image ${id}`,
		why: 'it has no name, which would tell the registry',
		hint: `name it first: klee image tag ${id} REGISTRY/NAME`,
	});
}

const REFERENCE = /^[a-zA-Z0-9][a-zA-Z0-9_.:/-]*(@sha256:[0-9a-f]{64})?$/;

function requireReference(text: string): string {
	if (REFERENCE.test(text) && text.length <= 400) return text;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot use '${text.slice(0, 140)}' as the name of an image in a registry`,
		why: 'it is [HOST[:PORT]/]NAME[:TAG] or [HOST[:PORT]/]NAME@sha256:DIGEST',
		hint: 'write it as docker.io/library/debian:12',
	});
}

function incomplete(location: ImageLocation): KleeneError {
	return new KleeneError({
		code: 'IMAGE_FAILED',
		what: `cannot use image ${location.kind === 'registry' ? location.reference : location.path}`,
		why: 'its configuration and its manifest list different numbers of layers',
		hint: 'it is damaged: have it pushed again',
	});
}
