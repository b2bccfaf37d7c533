import type { Command } from 'commander';
import { act } from '../invocation.ts';
import type { BuildOptions } from '../parse/build/options.ts';
import { choice, repeatable } from './options.ts';

/** Options of the image, then those of the containers that instructions are executed in. */
export function declareBuild(command: Command): Command {
	const declared = command
		.description('build an image from a Dockerfile')
		.argument('<PATH>', 'directory with the files of the build')
		.option('-f, --file <PATH>', 'Dockerfile, - for standard input', 'Dockerfile')
		.addOption(repeatable('-t, --tag <NAMETAG>', 'image name: NAME[:TAG]'))
		.addOption(repeatable('--build-arg <NAME=VALUE>', 'set an ARG; without a value: that of the environment'))
		.addOption(repeatable('--secret <SECRET>', 'give RUN --mount=type=secret a file: id=ID[,src=FILE|,env=NAME]'))
		.option('--from <IMAGE>', 'use this image in place of that of the first FROM')
		.option('--target <STAGE>', 'build this stage (default: the last)')
		.option('--no-cache', 'carry out every step')
		.option('--rm', 'remove a failed build (default: keep it as NAME:failed)')
		.addOption(choice('--progress <FORM>', 'form of the progress', ['auto', 'plain', 'tty']).default('auto'))
		.option('-q, --quiet', 'print only the id of the image')
		.option('-u, --user <USER>', "user of the first instructions (default: the image's)")
		.addOption(repeatable('-e, --env <NAME=VALUE>', 'set an environment variable'))
		.addOption(repeatable('-m, --mount <MOUNT>', 'mount a volume or a path: SOURCE:DESTINATION[:rw|ro]'))
		.addOption(repeatable('-J, --jailparam <PARAMETER>', 'set a jail parameter'))
		.addOption(choice('-l, --driver <DRIVER>', 'network driver (default: host; with --network: ipnet)', DRIVERS))
		.addOption(repeatable('-n, --network <NETWORK>', 'connect to a network: NETWORK[,ip=ADDRESS][,alias=NAME]...'))
		.option('--ip <ADDRESS>', 'IPv4 address on the first network (default: next free)')
		.option('--ip6 <ADDRESS>', 'IPv6 address on the first network (default: next free)');
	return act<BuildOptions>(declared, async () => (await import('../commands/build.ts')).build);
}

const DRIVERS = ['host', 'ipnet', 'vnet', 'disabled'];
