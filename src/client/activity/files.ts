import type { Readable } from 'node:stream';
import type { FileStatus } from '#api/activity/files.ts';
import { TAR } from '#api/media-types.ts';
import type { HttpTransport } from '../http.ts';

export interface FilesClient {
	/** What a path in a container is. @param follow look at what a link leads to */
	fileStatus(container: string, path: string, follow: boolean): Promise<FileStatus>;
	/** A file or directory of a container, as a tar archive in pieces. */
	readFiles(container: string, path: string): AsyncGenerator<Buffer>;
	/** Unpacks a tar archive into a directory of a container. */
	writeFiles(container: string, path: string, archive: Readable): Promise<void>;
}

export function filesClient(http: HttpTransport): FilesClient {
	return {
		fileStatus: (container, path, follow) =>
			http.call({
				method: 'GET',
				path: ['containers', container, 'files'],
				query: { path, follow },
				doing: `find ${path} in container ${container}`,
			}),
		readFiles: (container, path) =>
			http.stream({
				method: 'GET',
				path: ['containers', container, 'archive'],
				query: { path },
				doing: `copy ${path} from container ${container}`,
			}),
		writeFiles: async (container, path, archive) => {
			const doing = `copy to ${path} in container ${container}`;
			const call = { method: 'PUT', path: ['containers', container, 'archive'], query: { path }, doing } as const;
			await http.upload(call, TAR, archive);
		},
	};
}
