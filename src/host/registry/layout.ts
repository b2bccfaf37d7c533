/** OCI image layouts: https://github.com/opencontainers/image-spec/blob/main/image-layout.md */
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';
import type { Blob } from '#model/registry/remote-image.ts';

/** Name that an image has in a layout of ours. */
export const IN_LAYOUT = 'image';

export function blobFile(layout: string, digest: string): string {
	const [, hex] = /^sha256:([0-9a-f]{64})$/.exec(digest) ?? [];
	if (hex === undefined) throw damaged(`'${digest.slice(0, 80)}' is no digest`);
	return join(layout, 'blobs', 'sha256', hex);
}

/** Makes an empty one. Blobs that are not needed are there as holes: nobody fetches what is there. */
export function makeLayout(layout: string, skip: readonly Blob[]): void {
	mkdirSync(join(layout, 'blobs', 'sha256'), { recursive: true, mode: 0o700 });
	for (const { digest, size } of skip) {
		const file = blobFile(layout, digest);
		writeFileSync(file, '', { mode: 0o600 });
		truncateSync(file, size);
	}
}

interface Descriptor {
	readonly digest?: unknown;
}

/** Digests of the compressed layers of the one image in a layout, the lowest one first. */
export function layersIn(layout: string): string[] {
	const index = readJson(join(layout, 'index.json')) as { manifests?: Descriptor[] };
	const [manifest] = index.manifests ?? [];
	const { layers = [] } = readJson(blobFile(layout, String(manifest?.digest))) as { layers?: Descriptor[] };
	return layers.map(({ digest }) => String(digest));
}

/** The file of the manifest of the one image in a layout. */
export function writeIndex(layout: string, manifest: Blob): void {
	const mediaType = 'application/vnd.oci.image.manifest.v1+json';
	const annotations = { 'org.opencontainers.image.ref.name': IN_LAYOUT };
	writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
	const index = { schemaVersion: 2, manifests: [{ mediaType, ...manifest, annotations }] };
	writeFileSync(join(layout, 'index.json'), JSON.stringify(index));
}

function readJson(file: string): unknown {
	try {
		return JSON.parse(readFileSync(file, 'utf8'));
	} catch (cause) {
		throw damaged(`${file} cannot be read`, cause);
	}
}

function damaged(why: string, cause?: unknown): KleeneError {
	return new KleeneError({
		code: 'IMAGE_FAILED',
		what: 'cannot read the layers of the image',
		why,
		hint: 'pull or load it again',
		cause,
	});
}

/** A layer whose data is not that of its image. @param digest of the compressed archive, `diffId` of the plain one */
export function damagedLayer(digest: string, diffId: string): KleeneError {
	return new KleeneError({
		code: 'IMAGE_FAILED',
		what: 'cannot make a layer of the image',
		why: `layer ${shortDigest(digest)} unpacks to other data than its configuration says (${shortDigest(diffId)})`,
		hint: 'the image is damaged or was tampered with: have it pushed again',
	});
}

/** Name of a layer for users. */
export function shortDigest(digest: string): string {
	return digest.replace('sha256:', '').slice(0, 12);
}
