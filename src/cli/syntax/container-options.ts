import type { Command } from 'commander';
import { choice, repeatable } from './options.ts';

const POLICIES = ['no', 'on-startup', 'on-failure', 'always', 'unless-stopped'];

/** For `create` and `run`, and for `update`, where nothing has a default. */
export function withContainerOptions(command: Command, policy?: 'no'): Command {
	// `on-failure:N` is none of the choices that are completed.
	const restart = choice('--restart <POLICY>', 'restart policy; on-failure:N restarts N times at most', POLICIES)
		.default(policy)
		.argParser((value: string) => value);
	return command
		.addOption(restart)
		.option('--memory <SIZE>', 'limit memory, e.g. 512m')
		.option('--cpus <NUMBER>', 'limit processor time to this many processors, e.g. 1.5')
		.option('--pids-limit <NUMBER>', 'limit the number of processes and threads')
		.option('-w, --workdir <PATH>', "working directory (default: the image's, else the user's home)")
		.option('--entrypoint <PROGRAM>', "program that the command is given to (default: the image's; empty: none)")
		.addOption(repeatable('--label <NAME=VALUE>', 'set a label'));
}

export function withEnvironment(command: Command, more = ''): Command {
	return command
		.addOption(repeatable('-e, --env <NAME[=VALUE]>', `set an environment variable, or pass one on${more}`))
		.addOption(repeatable('--env-file <PATH>', `read environment variables from a file${more}`));
}
