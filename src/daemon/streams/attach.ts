import type { WebSocket } from 'ws';
import { AttachConfig } from '#api/activity/attachments.ts';
import { starting } from '#api/frames.ts';
import type { Engine } from '#engine/engine.ts';
import type { Logger } from '#engine/logger.ts';
import { fail, follow, Output, sizeOf } from './exec.ts';
import { parseFirstFrame } from './first-frame.ts';
import { firstFrame, refuseFrame } from './socket.ts';

/** `/containers/attach`: stays with the first process of a running container. */
export async function attachStream(socket: WebSocket, { activity }: Engine, log: Logger): Promise<void> {
	const first = await firstFrame(socket);
	if (first === undefined) return;
	const parsed = parseFirstFrame(AttachConfig, first.text);
	if ('problem' in parsed) return refuseFrame(socket, parsed.problem);
	const { config } = parsed;
	const output = new Output(socket);
	try {
		const { size } = sizeOf(config);
		const { container, session } = await activity.attachments.attach(config.container_id, size, output.write);
		output.begin(session, starting());
		await follow(socket, first.inbox, { id: container, session });
	} catch (error) {
		fail(socket, { error, attached: true }, log);
	}
}
