import type { ExecutionSink } from '#client/executions.ts';
import { Quit } from '../../failure.ts';
import type { Action } from '../../invocation.ts';
import { note } from '../../render/output.ts';
import { Detached } from '../../session/detach-keys.ts';
import { followExecution, type Surroundings } from '../../session/follow.ts';

export interface AttachCommandOptions {
	readonly stdin: boolean;
	readonly sigProxy: boolean;
}

/** Output of the first process from now on, and input where it takes some. klee exits as the process does. */
export const attach: Action<AttachCommandOptions> = async ({ args: [container = ''], options, client }) => {
	const { tty, stdin } = await client.activity.attachable(container);
	const reattach = (surroundings: Surroundings, sink: ExecutionSink) =>
		client.executions.reattach({ container_id: container, ...surroundings }, sink);
	const following = { input: stdin && options.stdin, tty, signals: options.sigProxy, leaves: true };
	try {
		const { exitCode = 0 } = await followExecution(reattach, following);
		if (exitCode !== 0) throw new Quit(exitCode);
	} catch (error) {
		if (!(error instanceof Detached)) throw error;
		note(`\ndetached from ${container}`);
	}
};
