/** A directory of its own for each test, taken away afterwards, and archives made in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Header, pack } from 'tar-stream';
import { listMounts, unmountAll } from '#os/linux/mounts.ts';

export function scratch(context: TestContext): string {
	const directory = mkdtempSync(join(tmpdir(), 'kleene-images-'));
	context.after(() => {
		for (const { target } of listMounts().toReversed()) if (target.startsWith(`${directory}/`)) unmountAll(target);
		rmSync(directory, { recursive: true, force: true });
	});
	return directory;
}

export type TestEntry = Partial<Header> & { readonly name: string; readonly content?: string | Buffer };

/** A whole tar archive. */
export async function tarOf(entries: readonly TestEntry[]): Promise<Buffer> {
	const archive = pack();
	for (const { content, ...header } of entries) archive.entry(header, content ?? '');
	archive.finalize();
	const chunks: Buffer[] = [];
	for await (const chunk of archive) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
	return Buffer.concat(chunks);
}

/** Change bytes of the header at an offset and make its checksum right again. */
export function patchHeader(archive: Buffer, offset: number, bytes: string | Buffer): Buffer {
	const patched = Buffer.from(archive);
	Buffer.from(bytes).copy(patched, offset);
	patched.fill(' ', 148, 156);
	const sum = patched.subarray(0, 512).reduce((total, byte) => total + byte, 0);
	patched.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
	return patched;
}
