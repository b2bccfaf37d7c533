/**
 * `podman run` of `true` on a bridge network, with the same root file system and runc. All of podman's own is in a
 * folder of its own, its network in a network namespace, its /run in a mount namespace: the machine notices nothing.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { outputOf, run } from '../../test/host/command.ts';
import { type Figures, measure } from './timing.ts';

/** @returns figures, or why there are none. */
export async function timeOfPodman(archive: string, runs: number): Promise<Figures | string> {
	const { code } = await run(['sh', '-c', 'command -v podman && command -v runc']);
	if (code !== 0) return 'podman is not installed: apt-get install -y --no-install-recommends podman netavark';
	const folder = mkdtempSync(join(tmpdir(), 'p-'));
	const parent = `kleene-bench-${process.pid}`;
	const prepare = 'mount -t tmpfs tmpfs /run && ip link set lo up && exec "$@"';
	const self = new URL(import.meta.url).pathname;
	const child = [process.execPath, self, folder, archive, String(runs), parent];
	try {
		const options = { timeout: 600_000 };
		const outcome = await run(['unshare', '--net', '--mount', 'sh', '-c', prepare, 'sh', ...child], options);
		if (outcome.code !== 0) return `podman does not run here: ${outcome.stderr.trim().split('\n').at(-1)}`;
		return JSON.parse(outcome.stdout) as Figures;
	} finally {
		removeCgroups(parent);
		rmSync(folder, { recursive: true, force: true });
	}
}

/** Within the namespaces: prints the figures as JSON. */
async function main([folder = '', archive = '', runs = '0', parent = '']: readonly string[]): Promise<void> {
	const at = (name: string) => join(folder, name);
	mkdirSync(at('net'));
	const podman = [
		...[
			'podman',
			'--root',
			at('storage'),
			'--runroot',
			at('run'),
			'--tmpdir',
			at('tmp'),
			'--volumepath',
			at('volumes'),
		],
		...['--network-config-dir', at('net'), '--runtime', 'runc', '--cgroup-manager', 'cgroupfs'],
		...['--events-backend', 'none', '--log-level', 'error'],
	];
	await outputOf([...podman, 'import', '--quiet', archive, 'bench'], { timeout: 120_000 });
	await outputOf([...podman, 'network', 'create', '--subnet', '10.9.0.0/24', 'bench']);
	// Limits that a process without CAP_SYS_RESOURCE may set; podman's defaults are above them on some machines.
	const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];
	const command = [...podman, 'run', ...limits, `--cgroup-parent=/${parent}`, '--network', 'bench', 'bench', 'true'];
	const figures = await measure(Number(runs), () => outputOf(command));
	await outputOf([...podman, 'rm', '--all', '--force'], { timeout: 120_000 });
	await run(['umount', at('storage/overlay')]);
	console.log(JSON.stringify(figures));
}

/** podman leaves the parent cgroup that it was given, and one of its own, in every hierarchy. */
function removeCgroups(parent: string): void {
	const base = '/sys/fs/cgroup';
	for (const hierarchy of ['.', ...readdirSync(base)])
		for (const name of [parent, 'libpod_parent']) removeEmpty(join(base, hierarchy, name));
}

function removeEmpty(folder: string): void {
	try {
		for (const entry of readdirSync(folder, { withFileTypes: true }))
			if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
		rmdirSync(folder);
	} catch {
		// Not there in this hierarchy, or in use by a podman that is not ours.
	}
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main(process.argv.slice(2));
