import type { WebSocket } from 'ws';
import { CLOSE, starting } from '#api/frames.ts';
import { ImageCreateConfig } from '#api/images.ts';
import type { Engine } from '#engine/engine.ts';
import type { Logger } from '#engine/logger.ts';
import { parseDataset } from '#model/host/dataset.ts';
import type { ImageSource } from '#model/image.ts';
import { parseFirstFrame } from './first-frame.ts';
import { departureOf, detailOf, finish, firstFrame, isTagged, reasonOf, refusalFrame, refuseFrame } from './socket.ts';

/** `/images/create`: progress as text frames, then the id of the image. It is cancelled when the client leaves. */
export async function imageCreateStream(socket: WebSocket, { images }: Engine, log: Logger): Promise<void> {
	const first = await firstFrame(socket);
	if (first === undefined) return;
	const parsed = parseFirstFrame(ImageCreateConfig, first.text);
	if ('problem' in parsed) return refuseFrame(socket, parsed.problem);
	const { tag, autotag, dns, localtime, update } = parsed.config;
	const progress = (line: string) => {
		if (socket.readyState === socket.OPEN) socket.send(line);
	};
	socket.send(starting());
	const departure = departureOf(socket, 'cannot create the image');
	try {
		const source = sourceOf(parsed.config);
		const id = await images.create({ source, tag, autotag, dns, localtime, update }, progress, departure);
		finish(socket, CLOSE.finished, { message: 'image created', data: id });
	} catch (error) {
		const reason = detailOf(error);
		if (departure.aborted) return log.info({ reason }, 'cancelled the creation of an image');
		log.warn({ error: reason }, 'could not create an image');
		progress(isTagged(socket) ? refusalFrame(error) : reasonOf(error));
		finish(socket, CLOSE.failed, { msg_type: 'error', message: `image creation failed: ${reasonOf(error)}` });
	}
}

function sourceOf({ method, url, zfs_dataset }: ImageCreateConfig): ImageSource {
	switch (method) {
		case 'fetch-auto':
			return { kind: 'distribution' };
		case 'fetch':
			return { kind: 'archive', url };
		case 'zfs-copy':
			return { kind: 'dataset', dataset: parseDataset(zfs_dataset), method: 'copy' };
		case 'zfs-clone':
			return { kind: 'dataset', dataset: parseDataset(zfs_dataset), method: 'clone' };
	}
}
