/** A kleened on the simulated FreeBSD host, as a host under test: see far/far-host.ts for what that is worth. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TestSshd, withoutSshd } from '#test/os/shell/sshd.ts';
import { type Outcome, outputOf, run } from '#test/testbed/command.ts';
import { DaemonHost } from '#test/testbed/daemon-host.ts';
import type { FreebsdUnderTest } from '#test/testbed/freebsd/contract.ts';
import { Probe } from '#test/testbed/freebsd/probe.ts';
import type { HostInterface } from '#test/testbed/host-contract.ts';
import { createNamespace, removeNamespace, within } from '#test/testbed/network-namespace.ts';
import { FarHost } from './far-host.ts';
import { visibleInterfaces } from './ifconfig.ts';

const DAEMON = new URL('far-daemon.ts', import.meta.url).pathname;

export class FarTestHost extends DaemonHost implements FreebsdUnderTest {
	readonly image = 'FreeBSD';
	readonly far: FarHost;
	readonly #zfsRoot: string;
	readonly isReal = false;
	readonly probe: Probe;
	#guest = false;
	#sshd: TestSshd | undefined;
	#probed = false;
	/** Of the daemon, so that what it reaches is what the test gives it. */
	#namespace: string | undefined;

	readonly #under: (folder: string) => readonly string[];

	private constructor(far: FarHost, under: (folder: string) => readonly string[]) {
		super();
		this.far = far;
		this.#under = under;
		this.#zfsRoot = `zroot/k${process.pid}${this.folder.slice(-6)}`;
		this.probe = new Probe(join(this.folder, 'probe'));
	}

	/** @param under the command that the daemon is to be run by, e.g. strace(1), from the folder of this host */
	static async start(under: (folder: string) => readonly string[] = () => []): Promise<FarTestHost> {
		const host = new FarTestHost(await FarHost.start(), under);
		// With the name of the run's own folder, as TestHost has it.
		const namespace = `kleene-${basename(dirname(host.folder))}-${process.pid}-${host.folder.slice(-6)}`;
		await createNamespace(namespace);
		host.#namespace = namespace;
		return host.#open();
	}

	get namespace(): string | undefined {
		return this.#namespace;
	}

	/** With a daemon that is probed, and that reaches it by ssh where this machine has sshd(8). */
	static async startProbed(): Promise<FarTestHost> {
		const host = new FarTestHost(await FarHost.start(), () => []);
		host.#probed = true;
		if (!withoutSshd)
			host.#sshd = await TestSshd.start({ after: (close) => host.takeAlong({ close: async () => close() }) });
		return host.#open();
	}

	async #open(): Promise<this> {
		try {
			await this.startDaemon();
			const archive = await this.#baseArchive();
			await this.kleeOutput('image', 'create', '-t', this.image, 'fetch', `file://${archive}`);
			return this;
		} catch (error) {
			await this.removeByForce();
			throw error;
		}
	}

	get isRemote(): boolean {
		return this.#sshd !== undefined;
	}

	sh(text: string): Promise<Outcome> {
		return run(['/bin/sh', '-c', text], { env: { PATH: `${this.far.bin}:/usr/sbin:/usr/bin:/sbin:/bin` } });
	}

	/** Another daemon, with a root and a store of its own, on the host of this one, and not started yet. */
	beside(): FarTestHost {
		const other = new FarTestHost(this.far, this.#under);
		other.#guest = true;
		this.takeAlong({ close: () => other.removeByForce() });
		return other;
	}

	protected override command(): readonly string[] {
		const inside = this.#namespace === undefined ? [] : within(this.#namespace);
		return [...inside, ...this.#under(this.folder), process.execPath, DAEMON];
	}

	protected place(): readonly string[] {
		const place = ['--bin', this.far.bin, '--run', this.far.runDirectory, '--zfs-root', this.#zfsRoot];
		const ssh = this.#sshd ? ['--ssh', JSON.stringify(this.#sshd.access())] : [];
		return [...place, ...ssh, ...(this.#probed ? ['--probe', this.probe.folder] : [])];
	}

	/** Enough of a base system to be cloned and mounted into: programs are those of this machine. */
	async #baseArchive(): Promise<string> {
		const files = join(this.folder, 'base');
		for (const name of ['dev', 'etc', 'root', 'mnt', 'tmp', 'bin', 'sbin', 'usr/bin'])
			mkdirSync(join(files, name), { recursive: true });
		writeFileSync(join(files, 'etc/rc'), 'sleep 300 >/dev/null 2>&1 &\n');
		writeFileSync(join(files, 'etc/rc.shutdown'), 'exit 0\n');
		const archive = join(this.folder, 'base.txz');
		await outputOf(['tar', '-cJf', archive, '-C', files, '.']);
		return archive;
	}

	async interfaces(): Promise<HostInterface[]> {
		return visibleInterfaces(this.far.world);
	}

	ping(address: string): readonly string[] {
		return ['ping', ...(address.includes(':') ? ['-6'] : []), '-c', '1', '-t', '3', address];
	}

	async answers(address: string): Promise<boolean> {
		return visibleInterfaces(this.far.world, true).some(({ addresses }) =>
			addresses.some((own) => own.split('/')[0] === address),
		);
	}

	async changes(): Promise<string[]> {
		return [];
	}

	leftovers(): string[] {
		const { mounts, jails } = this.far.world;
		return [...mounts.map(({ target }) => `+ mount: ${target}`), ...[...jails.keys()].map((name) => `+ jail: ${name}`)];
	}

	protected async removeFromHost(): Promise<void> {
		if (!this.#guest) await this.far.close();
		if (this.#namespace !== undefined) await removeNamespace(this.#namespace);
	}
}
