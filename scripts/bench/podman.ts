/**
 * podman beside Kleene: the same root file system and runc, a network with the same uplink. All of podman's own is in a
 * folder of its own, its network in a network namespace, its /run in a mount namespace: the machine notices nothing.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../test/testbed/command.ts';
import { createNamespace, removeNamespace, within } from '../../test/testbed/network-namespace.ts';
import { Outside } from '../../test/testbed/traffic/outside.ts';
import { ofProcess, type Place } from '../../test/testbed/traffic/peer.ts';
import { Errands } from './errands.ts';

const PACKAGES = ['podman', 'netavark', 'iptables'];
/** Limits that a process without CAP_SYS_RESOURCE may set; podman's defaults are above them on some machines. */
const LIMITS = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=4096:4096'];

export interface PodmanMember {
	readonly place: Place;
	readonly address: string;
}

export class PodmanPeer {
	readonly outside: Outside;
	readonly #namespace: string;
	readonly #folder: string;
	readonly #cgroup = `kleene-bench-${process.pid}`;
	readonly #errands: Errands;

	private constructor(namespace: string, outside: Outside) {
		this.#namespace = namespace;
		this.outside = outside;
		this.#folder = mkdtempSync(join(tmpdir(), 'p-'));
		const prepare = 'mount -t tmpfs tmpfs /run && exec "$@"';
		this.#errands = new Errands([...within(namespace), 'unshare', '--mount', 'sh', '-c', prepare, 'sh']);
	}

	/** @returns why there is none, where podman does not run here */
	static async start(archive: string): Promise<PodmanPeer | string> {
		const lacking = await missing();
		if (lacking) return lacking;
		const namespace = `kleene-${process.pid}-podman`;
		await createNamespace(namespace);
		let peer: PodmanPeer | undefined;
		try {
			peer = new PodmanPeer(namespace, await Outside.beside(namespace));
			mkdirSync(join(peer.#folder, 'net'));
			await peer.podman('import', '--quiet', archive, 'bench');
			await peer.podman('network', 'create', '--subnet', '10.9.0.0/24', 'bench');
			await peer.timeOfRun();
			return peer;
		} catch (error) {
			await (peer?.close() ?? removeNamespace(namespace));
			return `podman does not run here: ${String(error).trim().split('\n').at(-1)}`;
		}
	}

	podman(...args: readonly string[]): Promise<string> {
		return this.#errands.output([...this.#program, ...args]);
	}

	get #program(): string[] {
		const at = (name: string) => join(this.#folder, name);
		const places = ['--root', at('storage'), '--runroot', at('run'), '--tmpdir', at('tmp')];
		const more = ['--volumepath', at('volumes'), '--network-config-dir', at('net'), '--events-backend', 'none'];
		return ['podman', ...places, ...more, '--runtime', 'runc', '--cgroup-manager', 'cgroupfs', '--log-level', 'error'];
	}

	get #run(): string[] {
		return ['run', ...LIMITS, `--cgroup-parent=/${this.#cgroup}`, '--network', 'bench'];
	}

	/** Milliseconds of `podman run` of `true`, from its start to its end. The container stays. */
	async timeOfRun(): Promise<number> {
		const { code, stderr, milliseconds } = await this.#errands.run([...this.#program, ...this.#run, 'bench', 'true']);
		if (code !== 0) throw new Error(stderr || `podman run ended with ${code}`);
		return milliseconds;
	}

	/** Milliseconds of `podman build`, from its start to its end. @param words further options, and the context */
	async timeOfBuild(words: readonly string[]): Promise<number> {
		// Of its own: it becomes that of the container, which may not have children.
		const own = ['--network', 'host', `--cgroup-parent=/${this.#cgroup}-build`, '--pull=never', '--tag', 'built'];
		const argv = [...this.#program, 'build', ...LIMITS, ...own, ...words];
		const { code, stderr, milliseconds } = await this.#errands.run(argv);
		if (code !== 0) throw new Error(stderr || `podman build ended with ${code}`);
		return milliseconds;
	}

	/** A container that sleeps. @param options of `podman run` */
	async member(name: string, ...options: readonly string[]): Promise<PodmanMember> {
		await this.podman(...this.#run, '--detach', '--name', name, ...options, 'bench', 'sleep', '600');
		const format = '{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}';
		const [pid, address = ''] = (await this.podman('inspect', '--format', format, name)).split(' ');
		return { place: ofProcess(Number(pid)), address };
	}

	async close(): Promise<void> {
		await this.podman('rm', '--all', '--force', '--time', '0').catch(() => undefined);
		await this.#errands.run(['umount', join(this.#folder, 'storage/overlay')]).catch(() => undefined);
		await this.#errands.close();
		await this.outside.close();
		await removeNamespace(this.#namespace);
		for (const name of [this.#cgroup, `${this.#cgroup}-build`, 'libpod_parent']) removeCgroups(name);
		rmSync(this.#folder, { recursive: true, force: true });
	}
}

/** The bench installs nothing. @returns why podman is not there, or nothing */
async function missing(): Promise<string | undefined> {
	const { code } = await run(['sh', '-c', 'command -v podman && command -v runc && command -v iptables']);
	if (code === 0 && existsSync('/usr/lib/podman/netavark')) return undefined;
	return `podman is not installed: apt-get install --no-install-recommends ${PACKAGES.join(' ')}`;
}

/** podman leaves the parent cgroup that it was given, and one of its own, in every hierarchy. */
function removeCgroups(parent: string): void {
	const base = '/sys/fs/cgroup';
	for (const hierarchy of ['.', ...readdirSync(base)]) removeEmpty(join(base, hierarchy, parent));
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
