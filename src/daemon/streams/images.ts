import type Type from 'typebox';
import type { WebSocket } from 'ws';
import { CLOSE, starting } from '#api/frames.ts';
import { ImageCreateConfig, ImagePullConfig, ImagePushConfig } from '#api/images.ts';
import type { Engine } from '#engine/engine.ts';
import type { Logger } from '#engine/logger.ts';
import { parseDataset } from '#model/host/dataset.ts';
import type { ImageSource } from '#model/image.ts';
import { parseFirstFrame } from './first-frame.ts';
import { departureOf, detailOf, finish, firstFrame, isTagged, reasonOf, refusalFrame, refuseFrame } from './socket.ts';

/** `/images/create`: progress as text frames, then the id of the image. It is cancelled when the client leaves. */
export async function imageCreateStream(socket: WebSocket, { transfers }: Engine, log: Logger): Promise<void> {
	const doing = { what: 'cannot create the image', done: 'image created', failed: 'image creation failed' };
	await stream(socket, { schema: ImageCreateConfig, ...doing, log }, async (config, { progress, signal }) => {
		const { tag, autotag, dns, localtime, update } = config;
		const source = sourceOf(config);
		return await transfers.create({ source, tag, autotag, dns, localtime, update }, { progress, signal });
	});
}

/** `/images/pull`: the same for an image of a registry. */
export async function imagePullStream(socket: WebSocket, { transfers }: Engine, log: Logger): Promise<void> {
	const doing = { what: 'cannot pull the image', done: 'image pulled', failed: 'pull failed' };
	await stream(socket, { schema: ImagePullConfig, ...doing, log }, ({ reference, tls_verify }, options) =>
		transfers.pull({ reference, insecure: !tls_verify }, options),
	);
}

/** `/images/push`: the same, and the digest of the manifest at the end. */
export async function imagePushStream(socket: WebSocket, { transfers }: Engine, log: Logger): Promise<void> {
	const doing = { what: 'cannot push the image', done: 'image pushed', failed: 'push failed' };
	await stream(socket, { schema: ImagePushConfig, ...doing, log }, ({ image, reference, tls_verify }, options) =>
		transfers.push(image, { reference, insecure: !tls_verify }, options),
	);
}

interface Doing<S> {
	readonly schema: S;
	/** Of a refusal. */
	readonly what: string;
	/** Closing words. */
	readonly done: string;
	readonly failed: string;
	readonly log: Logger;
}

interface StreamOptions {
	readonly progress: (text: string) => void;
	readonly signal: AbortSignal;
}

/** @param work returns what the stream ends with */
async function stream<S extends Type.TSchema>(
	socket: WebSocket,
	{ schema, what, done, failed, log }: Doing<S>,
	work: (config: Type.Static<S>, options: StreamOptions) => Promise<string>,
): Promise<void> {
	const first = await firstFrame(socket);
	if (first === undefined) return;
	const parsed = parseFirstFrame(schema, first.text);
	if ('problem' in parsed) return refuseFrame(socket, parsed.problem);
	const progress = (line: string) => {
		if (socket.readyState === socket.OPEN) socket.send(line);
	};
	socket.send(starting());
	const signal = departureOf(socket, what);
	try {
		const data = await work(parsed.config, { progress, signal });
		finish(socket, CLOSE.finished, { message: done, data });
	} catch (error) {
		const reason = detailOf(error);
		if (signal.aborted) return log.info({ reason }, `cancelled: ${failed}`);
		log.warn({ error: reason }, failed);
		progress(isTagged(socket) ? refusalFrame(error) : reasonOf(error));
		finish(socket, CLOSE.failed, { msg_type: 'error', message: `${failed}: ${reasonOf(error)}` });
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
