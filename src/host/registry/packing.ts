/** Layers of an image of ours as an OCI image layout. */
import { createHash } from 'node:crypto';
import { createWriteStream, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Blob, SendOptions } from '#model/registry/remote-image.ts';
import { blobFile, makeLayout, writeIndex } from './layout.ts';

/** Passes bytes on and takes their digest. */
class Digest extends Transform {
	readonly #hash = createHash('sha256');

	override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
		this.#hash.update(chunk);
		done(null, chunk);
	}

	get value(): string {
		return `sha256:${this.#hash.digest('hex')}`;
	}
}

export interface LayerData {
	readonly layer: string;
	/** The changes of the layer in the format of OCI, as a plain archive in pieces. */
	readonly archive: () => AsyncIterable<Buffer>;
}

/**
 * Writes a layout of one image.
 *
 * @param layers the lowest one first
 * @param config JSON without the digests of the layers
 * @returns these digests, and those of the blobs
 */
export async function packLayout(
	layout: string,
	{ layers, config }: { readonly layers: readonly LayerData[]; readonly config: object },
	{ progress = () => {}, signal }: SendOptions,
): Promise<{ readonly diffIds: string[]; readonly blobs: string[] }> {
	makeLayout(layout, []);
	const packed: (Blob & { readonly diffId: string })[] = [];
	for (const { layer, archive } of layers) {
		progress(`${layer}: packing\n`);
		const one = await packOne(layout, archive(), signal);
		packed.push(one);
		progress(`${layer}: packed, ${Math.ceil(one.size / 1000)} kB\n`);
	}
	const diffIds = packed.map(({ diffId }) => diffId);
	const whole = { ...config, rootfs: { type: 'layers', diff_ids: diffIds } };
	const configuration = writeBlob(layout, JSON.stringify(whole));
	const manifest = {
		schemaVersion: 2,
		mediaType: 'application/vnd.oci.image.manifest.v1+json',
		config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...configuration },
		layers: packed.map(({ digest, size }) => {
			return { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest, size };
		}),
	};
	writeIndex(layout, writeBlob(layout, JSON.stringify(manifest)));
	return { diffIds, blobs: packed.map(({ digest }) => digest) };
}

async function packOne(layout: string, archive: AsyncIterable<Buffer>, signal?: AbortSignal) {
	const partial = join(layout, 'partial');
	const [plain, compressed] = [new Digest(), new Digest()];
	const stages = [Readable.from(archive, { objectMode: false }), plain, createGzip(), compressed] as const;
	await pipeline([...stages, createWriteStream(partial, { mode: 0o600 })], { ...(signal ? { signal } : {}) });
	const [diffId, digest] = [plain.value, compressed.value];
	const { size } = statSync(partial);
	renameSync(partial, blobFile(layout, digest));
	return { diffId, digest, size };
}

function writeBlob(layout: string, text: string): Blob {
	const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
	writeFileSync(blobFile(layout, digest), text, { mode: 0o600 });
	return { digest, size: Buffer.byteLength(text) };
}
