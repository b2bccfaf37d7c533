import type { WebSocket } from 'ws';
import { starting } from '#api/frames.ts';
import { RunAttachedConfig } from '#api/runs.ts';
import type { Engine } from '#engine/engine.ts';
import type { Logger } from '#engine/logger.ts';
import { runOf } from '../requests.ts';
import { fail, follow, Output, sizeOf } from './exec.ts';
import { parseFirstFrame } from './first-frame.ts';
import { firstFrame, refuseFrame } from './socket.ts';

/** `/containers/run`: creates, connects and starts a container, and stays with its first process. */
export async function runStream(socket: WebSocket, { newContainers }: Engine, log: Logger): Promise<void> {
	const first = await firstFrame(socket);
	if (first === undefined) return;
	const parsed = parseFirstFrame(RunAttachedConfig, first.text);
	if ('problem' in parsed) return refuseFrame(socket, parsed.problem);
	const { config } = parsed;
	const output = new Output(socket);
	try {
		const request = runOf(config, { stdin: config.stdin !== false });
		const attaching = { attach: true, ...sizeOf(config) };
		const { container, execution, session } = await newContainers.run(request, attaching, output.write);
		output.begin(session, starting('', { container_id: container, exec_id: execution }));
		await follow(socket, first.inbox, { id: execution, session });
	} catch (error) {
		fail(socket, { error, attached: true }, log);
	}
}
