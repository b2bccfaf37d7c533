/** Archives of images, told from archives of root file systems by the names of their entries. */
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import type { ArchiveFormat } from '#model/registry/remote-image.ts';
import { decompress } from '#os/archive/decompress.ts';

/** Entries at the top of archives that "docker save" and tools of OCI write, now and earlier. */
const KNOWN = /^(blobs|index\.json|oci-layout|manifest\.json|repositories|[0-9a-f]{64}(\.json|\.tar(\.gz)?)?)$/;
/** Of a list of images. Bytes. */
const LONGEST = 4 * 1024 * 1024;

export interface ArchivedImage {
	/** By which skopeo finds it in the archive; absent: it is the only one. */
	readonly reference?: string;
	/** `NAME:TAG`; `''`: it has none. */
	readonly nametag: string;
}

export interface Recognised {
	readonly format: ArchiveFormat;
	readonly images: readonly ArchivedImage[];
}

/** Whether a directory has what was in an archive of images, and nothing else. @param names in it */
export function isImageTree(names: readonly string[]): boolean {
	const lists = names.includes('manifest.json') || names.includes('index.json');
	return lists && names.every((name) => KNOWN.test(name));
}

/** @param path of a plain or compressed tar archive. @returns undefined for everything that is no archive of images */
export async function recognise(path: string): Promise<Recognised | undefined> {
	const lists = await readLists(path).catch(() => undefined);
	const docker = parse(lists?.get('manifest.json'));
	if (Array.isArray(docker)) return { format: 'docker', images: docker.map(ofDocker) };
	const index = parse(lists?.get('index.json')) as { manifests?: unknown } | undefined;
	if (!Array.isArray(index?.manifests)) return undefined;
	const { manifests } = index;
	return { format: 'oci', images: manifests.map((one) => ofOci(one, manifests.length === 1)) };
}

/** The lists of images in it; undefined as soon as an entry shows that it is another archive. */
async function readLists(path: string): Promise<Map<string, string> | undefined> {
	const source = createReadStream(path);
	const reader = extract();
	const entries = reader[Symbol.asyncIterator]();
	const feeding = decompress(source)
		.then((bytes) => pipeline(bytes, reader))
		.catch((error: unknown) => void reader.destroy(error as Error));
	const lists = new Map<string, string>();
	try {
		for await (const entry of { [Symbol.asyncIterator]: () => entries }) {
			const name = entry.header.name.replace(/^\.\//, '').replace(/\/$/, '');
			if (name !== '' && name !== '.' && !KNOWN.test(name.split('/')[0] ?? '')) return undefined;
			if (/^(manifest|index)\.json$/.test(name) && (entry.header.size ?? 0) <= LONGEST)
				lists.set(name, (await collect(entry)).toString('utf8'));
			else entry.resume();
		}
		return lists;
	} finally {
		source.destroy();
		reader.destroy();
		await feeding;
	}
}

async function collect(data: AsyncIterable<unknown>): Promise<Buffer> {
	const chunks: Buffer[] = [];
	for await (const chunk of data) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
	return Buffer.concat(chunks);
}

function ofDocker(image: unknown, index: number): ArchivedImage {
	const { RepoTags: tags } = image as { RepoTags?: unknown };
	const [name] = Array.isArray(tags) ? tags : [];
	return { reference: `@${index}`, nametag: familiar(name) };
}

function ofOci(manifest: unknown, only: boolean): ArchivedImage {
	const { annotations = {} } = manifest as { annotations?: Record<string, unknown> };
	const reference = annotations['org.opencontainers.image.ref.name'];
	const name = annotations['io.containerd.image.name'] ?? reference;
	const nametag = typeof name === 'string' && /[:/]/.test(name) ? familiar(name) : '';
	return { nametag, ...(only || typeof reference !== 'string' ? {} : { reference }) };
}

/** Without the registry that Docker takes for granted. */
function familiar(name: unknown): string {
	return typeof name === 'string' ? name.replace(/^docker\.io\/(library\/)?/, '') : '';
}

function parse(text: string | undefined): unknown {
	try {
		return text === undefined ? undefined : JSON.parse(text);
	} catch {
		return undefined;
	}
}
