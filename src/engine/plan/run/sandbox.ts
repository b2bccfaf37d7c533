import { KleeneError } from '#errors/kleene-error.ts';
import type { RunMount } from '#model/build/run-mounts.ts';
import { confinementAmong, limitsAmong, logRoom } from '#model/container/options.ts';
import { type Container, mergeEnv } from '#model/container.ts';
import type { HostTraits } from '#model/host/traits.ts';
import type { Image } from '#model/image.ts';
import type { ProcessSpec, SandboxSpec } from '#model/sandbox.ts';
import { parseJailParameters } from '../jail/parameters.ts';

/** Command of a request to run something; empty values stand for those of the container. */
export interface Command {
	readonly cmd: readonly string[];
	readonly user: string;
	readonly env: readonly string[];
	/** Absolute; absent or `''`: that of the container or of its image. */
	readonly workdir?: string;
	readonly tty: boolean;
	readonly stdin: boolean;
	/** Of a RUN of a build, which has a list also where it asks for none; absent: it is no RUN. */
	readonly runMounts?: readonly RunMount[];
}

const DEFAULT_USER = 'root';

/** Image, container and request merged, later ones win: command if given, user if given, environment by name. */
export function processOf({ config }: Image, container: Container, command: Command, traits: HostTraits): ProcessSpec {
	const argv = [command.cmd, container.cmd, config.cmd].find((words) => words.length > 0);
	if (!argv)
		throw new KleeneError({
			code: 'COMMAND_FAILED',
			what: `cannot start container ${container.name}`,
			why: 'neither the request, the container nor its image names a command',
			hint: 'name a command, e.g. /bin/sh',
		});
	const { user } = parseJailParameters(container.jailParam, traits);
	const workdir = [command.workdir, container.options?.workdir, config.workdir].find(Boolean);
	return {
		argv,
		env: mergeEnv(config.env, container.env, command.env),
		user: user ?? [command.user, container.user, config.user].find((name) => name !== '') ?? DEFAULT_USER,
		...(workdir === undefined ? {} : { workdir }),
		tty: command.tty,
		stdin: command.stdin,
	};
}

/**
 * The first process of a container: the words of its entrypoint, or that of its image, come in front of its command. A command that the
 * request itself brings, as that of "klee exec" for a container that does not run, is run as it is.
 */
export function firstProcessOf(image: Image, container: Container, command: Command, traits: HostTraits): ProcessSpec {
	const entrypoint = container.options?.entrypoint ?? image.config.entrypoint;
	if (entrypoint.length === 0 || command.cmd.length > 0) return processOf(image, container, command, traits);
	return processOf(image, container, { ...command, cmd: [...entrypoint, ...ownCommand(container, image)] }, traits);
}

/** The command of an image goes with its entrypoint, and with no other. */
function ownCommand({ cmd, options }: Container, image: Image | undefined): readonly string[] {
	if (cmd.length > 0 || (options?.entrypoint?.length ?? 0) > 0) return cmd;
	return image?.config.cmd ?? [];
}

/** A container with the command, user and labels of its image where it has none of its own. */
export function withImageDefaults(container: Container, image: Image | undefined): Container {
	const labels = { ...image?.config.labels, ...container.options?.labels };
	const options = Object.keys(labels).length > 0 ? { ...container.options, labels } : container.options;
	return {
		...container,
		cmd: ownCommand(container, image),
		user: container.user || image?.config.user || DEFAULT_USER,
		...(options ? { options } : {}),
	};
}

/** Privileges of processes by driver and jail parameters of the container. */
export function sandboxOf(container: Container, process: ProcessSpec, traits: HostTraits): SandboxSpec {
	const settings = parseJailParameters(container.jailParam, traits);
	const { rawSockets, hostname, domainname, hooks, denied, inheritsEnv, hostUsers, devices, parameters } = settings;
	const vnet = container.networkDriver === 'vnet';
	const limits = limitsAmong(container.options ?? {});
	const confinement = confinementAmong(container.options ?? {});
	const room = logRoom(container.options ?? {});
	return {
		driver: container.networkDriver,
		hostname: hostname ?? container.id,
		...(domainname === undefined ? {} : { domainname }),
		hooks,
		...(denied.length === 0 ? {} : { denied }),
		...(inheritsEnv ? { inheritsEnv } : {}),
		...(hostUsers ? { hostUsers } : {}),
		...(devices ? {} : { noDevices: true }),
		network: container.networkDriver === 'host' ? 'host' : 'own',
		rawSockets: rawSockets ?? vnet,
		netAdmin: vnet,
		...(limits ? { limits } : {}),
		...(confinement ? { confinement } : {}),
		...(room === undefined ? {} : { logRoom: room }),
		parameters,
		process,
	};
}
