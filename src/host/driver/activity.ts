/** The part of the boundary between the engine and a host that looks at containers. */
import type { DiskUsage } from '#model/activity/disk-usage.ts';
import type { ChangesRequest, FileChange } from '#model/activity/file-change.ts';
import type { FileStatus, FilesRequest } from '#model/activity/files.ts';
import type { LogBatch, LogRequest } from '#model/activity/log.ts';
import type { ContainerProcess } from '#model/activity/process.ts';
import type { ContainerUsage, UsageRequest } from '#model/activity/usage.ts';

/**
 * Files of containers. Links are followed inside the container, whatever it does meanwhile. The root file system of a
 * container that does not run is mounted by the caller.
 */
export interface HostFiles {
	/** @param request.follow look at what a link leads to. @throws NO_SUCH_FILE */
	status(request: FilesRequest & { readonly follow: boolean }): Promise<FileStatus>;
	/** A tar archive of a file or a directory, by its last name. A link is not followed. @throws NO_SUCH_FILE */
	read(request: FilesRequest): AsyncIterable<Buffer>;
	/** Unpacks a tar archive into a directory. @throws NO_SUCH_FILE, HOSTILE_ARCHIVE, IMAGE_FAILED */
	write(
		request: FilesRequest & { readonly archive: AsyncIterable<Buffer>; readonly signal: AbortSignal },
	): Promise<void>;
}

/** What containers do and did. Nothing here makes or unmakes parts. */
export interface HostActivity {
	readonly files: HostFiles;
	/**
	 * Output of the first processes of a container, also of earlier runs, as far as it is kept. The next batch is read when
	 * it is asked for: a reader that is slow makes nobody wait.
	 */
	log(request: LogRequest): AsyncIterable<LogBatch>;
	/** Processes of a running container. */
	processes(container: string): Promise<ContainerProcess[]>;
	/** What running containers use; those that have ended are left out. */
	usage(requests: readonly UsageRequest[]): Promise<ContainerUsage[]>;
	/** Room on the disk of every layer, container and volume. Walks all of their files. */
	diskUsage(): Promise<DiskUsage[]>;
	/** Files that differ from the image, as they are found. */
	changes(request: ChangesRequest): AsyncIterable<FileChange>;
	/** Signals the first process of a container. @returns false when it has ended */
	signal(container: string, signal: NodeJS.Signals): Promise<boolean>;
}
