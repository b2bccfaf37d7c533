import type { Command } from 'commander';
import { choice, repeatable } from './options.ts';

const POLICIES = ['no', 'on-startup', 'on-failure', 'always', 'unless-stopped'];

/** For `create` and `run`, and for `update`, where nothing has a default. */
export function withContainerOptions(command: Command, policy?: 'no'): Command {
	// `on-failure:N` is none of the choices that are completed.
	const restart = choice('--restart <POLICY>', 'restart policy; on-failure:N restarts N times at most', POLICIES)
		.default(policy)
		.argParser((value: string) => value);
	return withHealth(command)
		.addOption(restart)
		.option('--memory <SIZE>', 'limit memory, e.g. 512m')
		.option('--cpus <NUMBER>', 'limit processor time to this many processors, e.g. 1.5')
		.option('--pids-limit <NUMBER>', 'limit the number of processes and threads')
		.option('-w, --workdir <PATH>', "working directory (default: the image's, else the user's home)")
		.option('--entrypoint <PROGRAM>', "program that the command is given to (default: the image's; empty: none)")
		.addOption(repeatable('--label <NAME=VALUE>', 'set a label'))
		.addOption(repeatable('--log-opt <NAME=VALUE>', 'limit the output that is kept: max-size=SIZE, max-file=NUMBER'))
		.option('--read-only', 'make the root file system read-only')
		.addOption(repeatable('--tmpfs <PATH[:OPTIONS]>', 'mount a file system in memory, e.g. /run:size=64m,mode=755'))
		.addOption(repeatable('--cap-add <CAPABILITY>', 'add a Linux capability'))
		.addOption(repeatable('--cap-drop <CAPABILITY>', 'drop a Linux capability, or ALL'))
		.addOption(repeatable('--device <PATH[:PATH][:rwm]>', 'give access to a device of the host'))
		.addOption(repeatable('--sysctl <NAME=VALUE>', 'set a kernel parameter of its namespaces'))
		.addOption(repeatable('--ulimit <NAME=SOFT[:HARD]>', 'limit processes, e.g. nofile=1024:2048'))
		.addOption(repeatable('--add-host <NAME:ADDRESS>', 'add a line to /etc/hosts'))
		.addOption(repeatable('--dns <ADDRESS>', 'name server, in place of those of networks and image'))
		.addOption(repeatable('--dns-search <DOMAIN>', 'domain that bare names are looked up in'));
}

function withHealth(command: Command): Command {
	return command
		.option('--health-cmd <COMMAND>', 'check the health of the container with this command of a shell')
		.option('--health-interval <DURATION>', "time between two checks (default: the image's, else 30s)")
		.option('--health-timeout <DURATION>', "time before a check is killed, and fails (default: the image's, else 30s)")
		.option('--health-retries <NUMBER>', "failed checks until it is unhealthy (default: the image's, else 3)")
		.option('--health-start-period <DURATION>', "time in which failures do not count (default: the image's, else 0s)")
		.option(
			'--health-start-interval <DURATION>',
			"time between checks in the start period (default: the image's, else 5s)",
		)
		.option('--no-healthcheck', 'disable the health check of the image');
}

export function withEnvironment(command: Command, more = ''): Command {
	return command
		.addOption(repeatable('-e, --env <NAME[=VALUE]>', `set an environment variable, or pass one on${more}`))
		.addOption(repeatable('--env-file <PATH>', `read environment variables from a file${more}`));
}
