/** The part of the boundary between the engine and a host that gives builds their files. */
import type { Readable } from 'node:stream';
import type { FileOrigin, FileSelection } from '#model/build/files.ts';

/** Files that builds need. */
export interface HostBuilds {
	/**
	 * Unpacks the context of a build. What was made of it is removed when it fails.
	 *
	 * @param context id
	 * @param archive tar, plain or compressed
	 */
	receive(context: string, archive: Readable, signal?: AbortSignal): Promise<void>;
	discard(context: string): Promise<void>;
	/** Ids of contexts that are there. */
	contexts(): string[];
	/** Text of a file of an origin; undefined: there is none. @throws KleeneError for a file of more than 4 MiB */
	read(origin: FileOrigin, path: string): Promise<string | undefined>;
	/**
	 * SHA-256, hexadecimal, of names, permissions and contents; of layers that of their ids and the patterns alone.
	 *
	 * @throws KleeneError BUILD_FAILED where a pattern matches nothing
	 */
	digest(selection: FileSelection): Promise<string>;
	/**
	 * Contents of the secrets of a build, in memory until it has ended.
	 *
	 * @param build id
	 * @param secrets by their ids; undefined: the build has ended
	 */
	keepSecrets(build: string, secrets: ReadonlyMap<string, Buffer> | undefined): void;
	/** Names of the caches of RUN that are there. */
	caches(): Promise<string[]>;
	removeCache(cache: string): Promise<void>;
}
