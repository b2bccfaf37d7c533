/**
 * runc(8), and crun(1) where it keeps its state in the same way. Starting and deleting are on the path of every
 * container, and the program alone costs some 8 ms each time: so both are done directly where the files are as known,
 * and by the program where they are not.
 */
import { closeSync, constants, existsSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '#os/errno.ts';
import { run } from '#os/exec.ts';
import { OciError, type OciTools } from './conmon.ts';

/** Milliseconds; a runtime that takes longer hangs. */
const TIMEOUT = 20_000;
/** Version 1 hierarchies and where version 2 is mounted are all below it. */
const CGROUPS = '/sys/fs/cgroup/';

/** Lets the first process of a created container begin. Throws CommandError or OciError. */
export async function startContainer(tools: OciTools, container: string): Promise<void> {
	if (await passExecFifo(join(tools.state, container, 'exec.fifo'))) return;
	await run([tools.runtime, '--root', tools.state, 'start', container], { timeout: TIMEOUT });
}

/** Removes what the runtime knows of a container whose processes are gone, its cgroups too. None is no error. */
export async function deleteContainer(tools: OciTools, container: string): Promise<void> {
	const state = join(tools.state, container);
	if (!existsSync(state)) return;
	if (await removeCgroups(join(state, 'state.json'))) await rm(state, { recursive: true, force: true });
	else await run([tools.runtime, '--root', tools.state, 'delete', '--force', container], { timeout: TIMEOUT });
}

/**
 * The process of a created container waits in opening this FIFO to write one byte, and as long as there is the FIFO the
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
		const { cgroup_paths: paths } = JSON.parse(readFileSync(file, 'utf8')) as { cgroup_paths?: Record<string, string> };
		if (paths === undefined) return false;
		return (await Promise.all([...new Set(Object.values(paths))].map(removeCgroup))).every(Boolean);
	} catch {
		return false;
	}
}

async function removeCgroup(path: string): Promise<boolean> {
	if (!path.startsWith(CGROUPS)) return false;
	try {
		await rmdir(path);
		return true;
	} catch (error) {
		return hasCode(error, 'ENOENT');
	}
}
