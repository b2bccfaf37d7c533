/** The streams in the description of the API, which OpenAPI has no words of its own for. */
import type Type from 'typebox';
import { AttachConfig } from '#api/activity/attachments.ts';
import { ImageBuildConfig } from '#api/builds.ts';
import { ExecStartConfig } from '#api/executions.ts';
import { STREAMS_SUBPROTOCOL } from '#api/frames.ts';
import { ImageCreateConfig, ImagePullConfig, ImagePushConfig } from '#api/images.ts';
import { WebSocketMessage } from '#api/messages.ts';

import { RunAttachedConfig } from '#api/runs.ts';
import { withOptionalDefaults } from '../optional-defaults.ts';
import type { StreamPath } from './upgrade.ts';

/** Configuration that a client sends first, by path. */
export const FIRST_FRAMES: Readonly<Record<StreamPath, { readonly summary: string; readonly first: Type.TSchema }>> = {
	'/exec/start': { summary: 'start an execution instance', first: ExecStartConfig },
	'/containers/run': { summary: 'ours: create, connect and start a container', first: RunAttachedConfig },
	'/containers/attach': { summary: 'ours: follow a running container', first: AttachConfig },
	'/images/build': { summary: 'build an image from a Dockerfile', first: ImageBuildConfig },
	'/images/create': { summary: 'create an image; output frames are its progress', first: ImageCreateConfig },
	'/images/pull': { summary: 'ours: pull an image from a registry', first: ImagePullConfig },
	'/images/push': { summary: 'ours: push an image to a registry', first: ImagePushConfig },
};

const DESCRIPTION = `WebSocket. The client sends one text frame, the configuration. The daemon answers with a \`WebSocketMessage\` of type \
\`starting\`, then output frames, and closes with a \`WebSocketMessage\` as the reason: 1000 finished, 1001 detached, 1002 bad configuration, \
1011 failed. With the subprotocol \`${STREAMS_SUBPROTOCOL}\` output frames are binary and begin with the number of their stream (1 stdout, 2 stderr).`;

interface Operation {
	readonly summary: string;
	readonly description: string;
	readonly responses: Record<string, { description: string }>;
}

/** Paths of OpenAPI. */
export function describeStreams(): Record<string, { get: Operation }> {
	return Object.fromEntries(
		Object.entries(FIRST_FRAMES).map(([path, { summary, first }]) => {
			const frames = {
				subprotocol: STREAMS_SUBPROTOCOL,
				first: withOptionalDefaults(first),
				message: WebSocketMessage,
			};
			const responses = { 101: { description: 'the connection is a WebSocket now' } };
			return [path, { get: { summary, description: DESCRIPTION, responses, 'x-websocket': frames } }];
		}),
	);
}
