import type { AttachedExecution } from '#client/executions.ts';
import { DetachKeys } from './detach-keys.ts';

export interface Input {
	resume(): void;
	/** No more input, and standard input no longer keeps this process alive. */
	stop(): void;
}

/**
 * Standard input, terminal or not, to the execution. A reader that is behind stops the reading.
 *
 * @param onDetach called for the keys that leave a terminal; undefined: they are for the process
 */
export function forwardInput(execution: AttachedExecution, onDetach?: () => void): Input {
	const { stdin } = process;
	const keys = new DetachKeys();
	const onData = (content: Buffer) => {
		const { input, detached } = onDetach ? keys.take(content) : { input: content, detached: false };
		if (input.length > 0 && !execution.write(input)) stdin.pause();
		if (detached) onDetach?.();
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
