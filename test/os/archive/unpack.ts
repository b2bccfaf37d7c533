import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { type Extracted, extractArchive } from '#os/archive/extract.ts';
import { scratch } from '#test/host-linux/storage/scratch.ts';

/** Unpacks an archive into a directory that goes with the test. */
export async function unpack(context: TestContext, archive: Buffer): Promise<{ root: string; result: Extracted }> {
	const root = join(scratch(context), 'root');
	mkdirSync(root);
	// In small pieces, as a network gives them.
	const pieces = Array.from({ length: Math.ceil(archive.length / 1000) }, (_, n) =>
		archive.subarray(n * 1000, n * 1000 + 1000),
	);
	const result = await extractArchive({ bytes: Readable.from(pieces), size: archive.length }, root);
	return { root, result };
}
