import type { AttachedExecution } from '#client/executions.ts';

export interface Input {
	resume(): void;
	/** No more input, and standard input no longer keeps this process alive. */
	stop(): void;
}

/** Standard input, terminal or not, to the execution. A reader that is behind stops the reading. */
export function forwardInput(execution: AttachedExecution): Input {
	const { stdin } = process;
	const onData = (content: Buffer) => {
		if (!execution.write(content)) stdin.pause();
	};
	const onEnd = () => execution.control({ type: 'end-of-input' });
	stdin.on('data', onData);
	stdin.on('end', onEnd);
	stdin.on('error', onEnd);
	return {
		resume: () => stdin.resume(),
		stop: () => {
			stdin.off('data', onData);
			stdin.off('end', onEnd);
			stdin.pause();
			stdin.unref?.();
		},
	};
}
