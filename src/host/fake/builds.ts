import type { Readable } from 'node:stream';
import type { HostBuilds } from '#host/driver/builds.ts';
import type { FileOrigin, FileSelection } from '#model/build/files.ts';

/** Contexts whose files a test fills in. */
export class FakeBuilds implements HostBuilds {
	/** Texts by the id or path of their origin, and their path in it. */
	readonly files = new Map<string, ReadonlyMap<string, string>>();

	readonly cacheNames = new Set<string>();

	async receive(context: string, archive: Readable): Promise<void> {
		archive.resume();
		this.files.set(context, new Map());
	}

	async discard(context: string): Promise<void> {
		this.files.delete(context);
	}

	contexts(): string[] {
		return [...this.files.keys()];
	}

	async read(origin: FileOrigin, path: string): Promise<string | undefined> {
		return this.files.get(nameOf(origin))?.get(path);
	}

	keepSecrets(): void {}

	async caches(): Promise<string[]> {
		return [...this.cacheNames];
	}

	async removeCache(cache: string): Promise<void> {
		this.cacheNames.delete(cache);
	}

	async digest({ origin, sources }: FileSelection): Promise<string> {
		const files = this.files.get(nameOf(origin));
		return JSON.stringify(sources.map((source) => [source, files?.get(source)]));
	}
}

function nameOf(origin: FileOrigin): string {
	switch (origin.kind) {
		case 'context':
			return origin.context;
		case 'directory':
			return origin.path;
		case 'layers':
			return origin.layers.join();
	}
}
