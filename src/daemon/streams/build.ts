import type { WebSocket } from 'ws';
import { ImageBuildConfig } from '#api/builds.ts';
import { CLOSE } from '#api/frames.ts';
import type { Engine } from '#engine/engine.ts';
import type { Logger } from '#engine/logger.ts';
import type { BuildRequest, BuildResult } from '#engine/operations/build/request.ts';
import { StepFailed, textOfFailure } from '#engine/operations/build/stage-build.ts';
import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import type { FileOrigin } from '#model/build/files.ts';
import { containerOf, joiningOf } from '../requests.ts';
import { BuildFrames } from './build-frames.ts';
import { parseFirstFrame } from './first-frame.ts';
import { departureOf, detailOf, finish, firstFrame, isTagged, reasonOf, refusalFrame, refuseFrame } from './socket.ts';

const FAILED = 'image build failed';

/** `/images/build`: what happens as text frames, then the id of the image. It is cancelled when the client leaves. */
export async function buildStream(socket: WebSocket, { builds }: Engine, log: Logger): Promise<void> {
	const first = await firstFrame(socket);
	if (first === undefined) return;
	const parsed = parseFirstFrame(ImageBuildConfig, first.text);
	if ('problem' in parsed) return refuseFrame(socket, parsed.problem);
	const { config } = parsed;
	const departure = departureOf(socket, 'cannot build the image');
	const frames = new BuildFrames(socket, config);
	try {
		const result = await builds.build(
			requestOf(config, isTagged(socket)),
			(event, stage) => frames.tell(event, stage),
			departure,
		);
		if (result.kind === 'built') finish(socket, CLOSE.finished, { message: 'image created', data: result.image });
		else failed(socket, { result, frames, tag: config.tag });
	} catch (error) {
		if (departure.aborted) return log.info({ reason: detailOf(error) }, 'cancelled a build');
		log.warn({ error: detailOf(error) }, 'could not build an image');
		frames.begin('');
		socket.send(isTagged(socket) ? refusalFrame(error) : reasonOf(error));
		const message =
			isKleeneError(error) && error.code === 'DOCKERFILE_INVALID' ? 'failed to process Dockerfile' : FAILED;
		finish(socket, CLOSE.failed, { msg_type: 'error', message });
	}
}

/** @param reuse not for the original client, which is promised the announced id */
function requestOf(config: ImageBuildConfig, reuse: boolean): BuildRequest {
	const { image: from, name: _, cmd: __, ...container } = config.container_config;
	const { image: ___, name: ____, cmd: _____, ...built } = containerOf(container);
	return {
		context: originOf(config.context),
		dockerfile: config.dockerfile,
		tags: [config.tag, ...(config.tags ?? [])].filter((tag) => tag !== ''),
		from: from || undefined,
		buildArgs: new Map(Object.entries(config.buildargs)),
		target: config.target,
		secrets: new Map(Object.entries(config.secrets ?? {}).map(([id, text]) => [id, Buffer.from(text, 'base64')])),
		cache: config.no_cache !== true,
		reuse,
		cleanup: config.cleanup,
		container: built,
		joinings: config.networks.map(joiningOf),
		interleaved: config.events ?? false,
	};
}

/** A path begins with a slash, an id does not. */
function originOf(context: string): FileOrigin {
	return context.startsWith('/') ? { kind: 'directory', path: context } : { kind: 'context', context };
}

interface Failure {
	readonly result: Extract<BuildResult, { kind: 'failed' }>;
	readonly frames: BuildFrames;
	readonly tag: string;
}

function failed(socket: WebSocket, { result, frames, tag }: Failure): void {
	const snapshot = result.snapshot === undefined ? 'no snapshots available' : `@${result.snapshot}`;
	const name = tag.split(':')[0];
	if (isTagged(socket)) {
		const { error } = result;
		const other = isKleeneError(error) ? error.hint : 'correct the instruction';
		const hint = result.kept
			? `look at its state with "klee run -t ${name ? `${name}:failed` : frames.image} /bin/sh"`
			: other;
		const why = whyOf(result.error);
		socket.send(refusalFrame(new KleeneError({ code: 'BUILD_FAILED', what: FAILED, why, hint })));
	} else frames.note(textOfFailure(result.error));
	finish(socket, CLOSE.failed, { msg_type: 'error', message: FAILED, data: result.kept ? snapshot : '' });
}

function whyOf(error: unknown): string {
	if (error instanceof StepFailed) return error.message;
	return isKleeneError(error) ? `${error.what}: ${error.why}` : reasonOf(error);
}
