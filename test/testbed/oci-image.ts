/** Images of OCI made in a folder, for registries and archives. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';

export interface ImageParts {
	/** Plain archives, the lowest layer first. */
	readonly layers: readonly Buffer[];
	readonly config?: object;
	readonly platform?: { readonly os: string; readonly architecture: string };
	readonly history?: readonly object[];
	readonly compression?: 'gzip' | 'zstd' | 'none';
}

const COMPRESSIONS = {
	gzip: ['+gzip', (plain: Buffer) => gzipSync(plain)],
	zstd: ['+zstd', (plain: Buffer) => zstdCompressSync(plain)],
	none: ['', (plain: Buffer) => plain],
} as const;

/** Architecture of this machine, as images call it. */
export const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

/** Writes an image layout with one image called `image`. @returns digests of the compressed layers */
export function writeImage(folder: string, parts: ImageParts): string[] {
	const { layers, config = {}, history = [], compression = 'gzip' } = parts;
	const platform = parts.platform ?? { os: 'linux', architecture: ARCHITECTURE };
	mkdirSync(join(folder, 'blobs/sha256'), { recursive: true });
	const blob = (content: Buffer | string) => {
		const digest = `sha256:${sha256(content)}`;
		writeFileSync(join(folder, 'blobs', digest.replace(':', '/')), content);
		return { digest, size: Buffer.byteLength(content) };
	};
	const [suffix, compress] = COMPRESSIONS[compression];
	const type = 'application/vnd.oci.image';
	const blobs = layers.map((plain) => ({ mediaType: `${type}.layer.v1.tar${suffix}`, ...blob(compress(plain)) }));
	const rootfs = { type: 'layers', diff_ids: layers.map((plain) => `sha256:${sha256(plain)}`) };
	const configuration = blob(JSON.stringify({ ...platform, config, rootfs, history }));
	const manifest = {
		schemaVersion: 2,
		mediaType: `${type}.manifest.v1+json`,
		config: { mediaType: `${type}.config.v1+json`, ...configuration },
		layers: blobs,
	};
	const annotations = { 'org.opencontainers.image.ref.name': 'image' };
	const entry = { mediaType: manifest.mediaType, ...blob(JSON.stringify(manifest)), annotations };
	writeFileSync(join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
	writeFileSync(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
	return blobs.map(({ digest }) => digest);
}

function sha256(content: Buffer | string): string {
	return createHash('sha256').update(content).digest('hex');
}
