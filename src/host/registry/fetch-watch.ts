/** How far the layers of an image have come that skopeo fetches into a layout. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Blob } from '#model/registry/remote-image.ts';
import { blobFile, shortDigest } from './layout.ts';

/** Milliseconds between two looks. */
const LOOK = 500;
/** Files that skopeo fetches a blob into before it is complete. Source: containers/image, oci/layout/oci_dest.go */
const PARTIAL = 'oci-put-blob';

/** Tells of each layer that it is fetched, how much of it has come, and that it is here. */
export class FetchWatch {
	readonly #layout: string;
	readonly #progress: (text: string) => void;
	readonly #timer: NodeJS.Timeout;
	/** Those under way, by their digests, in the order in which they began. */
	readonly #active = new Map<string, { readonly size: number; told: string }>();
	readonly #wanted: ReadonlyMap<string, number>;

	constructor(layout: string, wanted: readonly Blob[], progress: (text: string) => void) {
		this.#layout = layout;
		this.#progress = progress;
		this.#wanted = new Map(wanted.map(({ digest, size }) => [digest, size]));
		this.#timer = setInterval(() => this.#look(), LOOK);
	}

	/** A line of skopeo. */
	onOutput(line: string): void {
		const [, digest = ''] = /^Copying blob (sha256:[0-9a-f]{64})/.exec(line) ?? [];
		const size = this.#wanted.get(digest);
		if (size === undefined || this.#active.has(digest)) return;
		this.#active.set(digest, { size, told: '' });
		this.#tell(digest, 'fetching');
	}

	#look(): void {
		const incomplete = [...this.#active].filter(([digest]) => !this.#finish(digest));
		// Nothing says which file is which: they were begun in the same order.
		const files = readdirSync(this.#layout)
			.filter((name) => name.startsWith(PARTIAL))
			.flatMap((name) => statSync(join(this.#layout, name), { throwIfNoEntry: false }) ?? [])
			.sort((one, other) => one.birthtimeMs - other.birthtimeMs);
		for (const [index, [digest, one]] of incomplete.entries()) {
			const come = Math.min(files[index]?.size ?? 0, one.size);
			const text = `fetching ${megabytes(come)} of ${megabytes(one.size)} MB`;
			if (come > 0 && text !== one.told) this.#tell(digest, text);
			one.told = text;
		}
	}

	#finish(digest: string): boolean {
		if (!statSync(blobFile(this.#layout, digest), { throwIfNoEntry: false })) return false;
		this.#active.delete(digest);
		this.#tell(digest, 'fetched');
		return true;
	}

	#tell(digest: string, text: string): void {
		this.#progress(`${shortDigest(digest)}: ${text}\n`);
	}

	/** @param complete skopeo has come to its end */
	close(complete: boolean): void {
		clearInterval(this.#timer);
		if (complete) for (const digest of [...this.#active.keys()]) this.#finish(digest);
	}
}

function megabytes(bytes: number): string {
	return (bytes / 1e6).toFixed(1);
}
