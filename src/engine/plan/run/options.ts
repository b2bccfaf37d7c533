import { KleeneError } from '#errors/kleene-error.ts';
import { type ContainerOptions, logRoom, mostRestarts } from '#model/container/options.ts';
import type { NetworkDriver } from '#model/container.ts';
import type { HostTraits } from '#model/host/traits.ts';
import { requireConfinement } from './confinement.ts';
import { FLAGS, refuse } from './flags.ts';
import { requireHealth } from './health.ts';

/** Bytes; a runtime needs some to start a process. Source: Docker (moby daemon/daemon_unix.go, linuxMinMemory). */
const LEAST_MEMORY = 6 * 1024 * 1024;
const LEAST_CPUS = 0.01;
const MOST_CPUS = 8192;
/** Bytes: the longest pieces that are written, several times. */
const LEAST_LOG = 64 * 1024;
/** The init of a container, and its process. */
const LEAST_PIDS = 2;

/**
 * Checks options that need no look at the container.
 *
 * @throws KleeneError INVALID_ARGUMENT, UNSUPPORTED_HERE
 */
export function requireOptions(options: ContainerOptions, traits: HostTraits, driver: NetworkDriver): void {
	for (const [name, why] of Object.entries(traits.unsupportedOptions ?? {}))
		if (options[name as keyof ContainerOptions] !== undefined)
			throw new KleeneError({
				code: 'UNSUPPORTED_HERE',
				what: `cannot set ${FLAGS[name as keyof ContainerOptions]} of a container`,
				why: why.reason,
				hint: why.hint,
			});
	requireLimits(options, traits);
	requireWords(options);
	requireConfinement(options, traits, driver);
	requireHealth(options.health);
	requireLog(options);
}

function requireLimits({ memory, cpus, pids }: ContainerOptions, { limits }: HostTraits): void {
	const most = limits?.processes ?? 0;
	if (memory !== undefined && memory < LEAST_MEMORY)
		throw refuse('memory', `${memory} bytes are less than the least, 6 MiB`, 'write e.g. --memory 256m');
	if (cpus !== undefined && (cpus < LEAST_CPUS || cpus > MOST_CPUS))
		throw refuse('cpus', `${cpus} is not between ${LEAST_CPUS} and ${MOST_CPUS}`, 'write e.g. --cpus 1.5');
	if (pids !== undefined && pids < LEAST_PIDS)
		throw refuse('pids', `${pids} leave no room for a process`, 'write e.g. --pids-limit 100');
	if (pids !== undefined && most > 0 && pids > most)
		throw refuse('pids', `the daemon allows each container ${most}`, `write --pids-limit ${most}, or less`);
}

function requireLog(options: ContainerOptions): void {
	const room = logRoom(options);
	if (room === undefined || (room >= LEAST_LOG && Number.isSafeInteger(room))) return;
	const why = room < LEAST_LOG ? `${room} bytes are less than the least, 64 KiB` : 'it is too much for any disk';
	throw refuse('log', why, 'write e.g. --log-opt max-size=10m --log-opt max-file=3');
}

function requireWords({ workdir, entrypoint = [], labels = {}, restart }: ContainerOptions): void {
	if (workdir !== undefined && !workdir.startsWith('/'))
		throw refuse('workdir', `${JSON.stringify(workdir)} is no absolute path`, 'begin it with a /');
	const texts = [workdir ?? '', ...entrypoint, ...Object.entries(labels).flat()];
	if (texts.some((text) => text.includes('\0')))
		throw refuse(entrypoint.length > 0 ? 'entrypoint' : 'workdir', 'it holds a NUL byte', 'leave it out');
	if ('' in labels) throw refuse('labels', 'a label has no name', 'write --label NAME=VALUE');
	const most = restart === undefined ? undefined : mostRestarts(restart);
	if (most !== undefined && !(most === Number.POSITIVE_INFINITY || (Number.isSafeInteger(most) && most > 0)))
		throw refuse('restart', `"${restart}" names no number of restarts`, 'write e.g. --restart on-failure:3');
}
