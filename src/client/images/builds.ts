import type { Readable } from 'node:stream';
import type { ImageBuildConfig } from '#api/builds.ts';
import { TAR } from '#api/media-types.ts';
import type { IdResponse } from '#api/shapes.ts';
import type { HttpTransport } from '../http.ts';
import { loadWebSockets } from '../wire.ts';
import { streamImage } from './image-streams.ts';

export interface BuildsClient {
	/** Sends the files of a build, a tar archive. @returns the id of the context */
	send(archive: Readable): Promise<string>;
	/**
	 * @param onProgress text as it comes, in pieces of any size
	 * @returns the id of the image
	 */
	build(config: ImageBuildConfig, onProgress: (text: Buffer) => void): Promise<string>;
}

const BUILD = { path: '/images/build', failed: 'image build failed', doing: 'build the image' };

export function buildsClient(http: HttpTransport): BuildsClient {
	return {
		send: async (archive) => {
			const call = {
				method: 'POST',
				path: ['images', 'build', 'context'],
				doing: 'send the files of the build',
			} as const;
			const sent = http.upload(call, TAR, archive);
			// The build that follows needs them: see `loadWebSockets`.
			void loadWebSockets().catch(() => {});
			return (JSON.parse(await sent) as IdResponse).id;
		},
		build: (configuration, onProgress) => streamImage(http, { ...BUILD, configuration }, onProgress),
	};
}
