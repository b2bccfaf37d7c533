/**
 * runc(8), and crun(1) where it keeps its state in the same way. Starting and deleting are on the path of every
 * container, and the program alone costs some 8 ms each time: so both are done directly where the files are as known,
 * and by the program where they are not.
 */
import {
	closeSync,
	constants,
	existsSync,
	openSync,
	readdirSync,
	readFileSync,
	readSync,
	rmSync,
	writeFileSync,
} from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { hasCode } from '#os/errno.ts';
import { run } from '#os/exec.ts';
import type { OciTools } from './conmon.ts';
import { OciError } from './failure.ts';

/** Milliseconds; a runtime that takes longer hangs. */
const TIMEOUT = 20_000;
/** Version 1 hierarchies and where version 2 is mounted are all below it. */
const CGROUPS = '/sys/fs/cgroup/';

/** Lets the first process of a created container begin. Throws CommandError or OciError. */
export async function startContainer(tools: OciTools, container: string): Promise<void> {
	if (basename(tools.runtime) === 'runc' && (await passExecFifo(join(tools.state, container, 'exec.fifo')))) return;
	await run([tools.runtime, '--root', tools.state, 'start', container], { timeout: TIMEOUT });
}

/** Whether the first process of a created container was let begin. Nothing in the container can change the answer. */
export function isStarted({ state }: OciTools, container: string): boolean {
	return !existsSync(join(state, container, 'exec.fifo'));
}

/**
 * Takes a device from a container that was created and not started. Runtimes allow some to every container, whatever its
 * configuration says (runc: libcontainer/specconv, AllowedDevices). Version 1 hierarchies alone: in version 2 the rules are a
 * program of the runtime.
 *
 * @param rule as in cgroup-v1/devices.rst, e.g. `c 10:200 rwm`
 */
export function denyDevice(tools: OciTools, container: string, rule: string): void {
	const { devices } = cgroupPaths(join(tools.state, container, 'state.json')) ?? {};
	const file = `${devices ?? ''}/devices.deny`;
	if (devices?.startsWith(CGROUPS) && existsSync(file)) writeFileSync(file, rule);
}

/**
 * Removes what the runtime knows of a container whose processes are gone, its cgroups too. None is no error.
 *
 * @param cgroup its path below the hierarchies: a runtime that crashes makes cgroups that it knows nothing of
 */
export async function deleteContainer(tools: OciTools, container: string, cgroup: string): Promise<void> {
	const state = join(tools.state, container);
	if (existsSync(state)) {
		if (await removeCgroups(join(state, 'state.json'))) return await rm(state, { recursive: true, force: true });
		await run([tools.runtime, '--root', tools.state, 'delete', '--force', container], { timeout: TIMEOUT });
	}
	const hierarchies = [CGROUPS, ...readdirSync(CGROUPS).map((name) => join(CGROUPS, name))];
	await Promise.all(hierarchies.map((hierarchy) => removeCgroup(join(hierarchy, cgroup))));
}

/**
 * Number of processes of a container that the kernel ended for lack of memory, as far as its cgroups are still there.
 * Kernel: Documentation/admin-guide/cgroup-v1/memory.rst (memory.oom_control), cgroup-v2.rst (memory.events).
 */
export function countOomKills(tools: OciTools, container: string): number {
	const paths = cgroupPaths(join(tools.state, container, 'state.json'));
	const files = Object.values(paths ?? {}).flatMap((path) => [`${path}/memory.oom_control`, `${path}/memory.events`]);
	return Math.max(0, ...files.map((file) => Number(/^oom_kill (\d+)$/m.exec(readOptional(file))?.[1] ?? 0)));
}

/** Whether cgroups can limit swap. Kernel: Documentation/admin-guide/kernel-parameters.txt (swapaccount). */
export function countsSwap(): boolean {
	const first = `${CGROUPS}memory`;
	return !existsSync(first) || existsSync(`${first}/memory.memsw.limit_in_bytes`);
}

function readOptional(file: string): string {
	try {
		return readFileSync(file, 'utf8');
	} catch {
		return '';
	}
}

/**
 * With runc, the process of a created container waits in opening this FIFO to write one byte (with crun, it reads), and as long as there is the FIFO the
 * container counts as not started. Source: runc, libcontainer/container_linux.go (exec), standard_init_linux.go.
 */
async function passExecFifo(path: string): Promise<boolean> {
	if (!existsSync(path)) return false;
	const fifo = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
	try {
		const deadline = Date.now() + TIMEOUT;
		while (!readByte(fifo)) {
			if (Date.now() > deadline) throw new OciError('the process that was to be started is gone');
			await new Promise((resolve) => setTimeout(resolve, 1));
		}
	} finally {
		closeSync(fifo);
	}
	rmSync(path, { force: true });
	return true;
}

/** False while the writer has not come yet, or has not written. */
function readByte(fifo: number): boolean {
	try {
		return readSync(fifo, Buffer.alloc(1)) === 1;
	} catch (error) {
		if (hasCode(error, 'EAGAIN')) return false;
		throw error;
	}
}

/** False when that is better left to the runtime: no such list, or something is in a cgroup. */
async function removeCgroups(file: string): Promise<boolean> {
	try {
		const paths = cgroupPaths(file);
		if (paths === undefined) return false;
		return (await Promise.all([...new Set(Object.values(paths))].map(removeCgroup))).every(Boolean);
	} catch {
		return false;
	}
}

/** @param file state of a container, as the runtime keeps it */
function cgroupPaths(file: string): Readonly<Record<string, string>> | undefined {
	try {
		const { cgroup_paths: paths } = JSON.parse(readFileSync(file, 'utf8')) as { cgroup_paths?: Record<string, string> };
		return paths;
	} catch {
		return undefined;
	}
}

async function removeCgroup(path: string): Promise<boolean> {
	if (!path.startsWith(CGROUPS)) return false;
	try {
		await rmdir(path);
		return true;
	} catch (error) {
		return hasCode(error, 'ENOENT', 'ENOTDIR');
	}
}
