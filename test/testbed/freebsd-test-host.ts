/**
 * A FreeBSD host that is reached by ssh: a kleened here manages it, and its own commands say what is there. It may be
 * somebody's: only what the test made is removed, all of it below one dataset, and the host must be as before.
 *
 * Environment: KLEENE_TEST_SSH_KEY (private key), KLEENE_TEST_POOL (pool for the dataset, default `zroot`),
 * KLEENE_TEST_IMAGE (method and source of the base image, default `fetch-auto`, e.g. `zfs-clone zroot/base`).
 */
import { join } from 'node:path';
import { type Outcome, run } from './command.ts';
import { DaemonHost } from './daemon-host.ts';
import type { FreebsdUnderTest } from './freebsd/contract.ts';
import { Probe } from './freebsd/probe.ts';
import type { HostInterface } from './host-contract.ts';
import { difference, type Snapshot } from './snapshot.ts';
import { type Turn, takeTurn } from './turn.ts';

const QUESTIONS: ReadonlyMap<string, string> = new Map([
	['interface', 'ifconfig -l | tr " " "\\n"'],
	['address', 'ifconfig -a | grep -E "^[a-z]|inet" | grep -v "fe80:"'],
	['route', 'netstat -rn | sed "s/ *[0-9]*$//" | grep -v "fe80:"'],
	['mount', 'mount -p'],
	['jail', 'jls name'],
	['dataset', 'zfs list -H -o name -t all'],
	// Those that hold rules: pf lists one that had a table for half a minute after it was emptied.
	[
		'anchor',
		'for a in $(pfctl -a kleene -s Anchors 2>/dev/null); do pfctl -a "$a" -s rules 2>/dev/null | sed "s|^|$a |"; done',
	],
	['sysctl', 'sysctl net.inet.ip.forwarding net.inet6.ip6.forwarding'],
]);

/** Once a network has switched it on it stays so: see docs/freebsd-networks.md. */
const FORWARDS = /^(- sysctl: net\.\S+\.forwarding: 0|\+ sysctl: net\.\S+\.forwarding: 1)$/;

/** Starts a kleened whose way to the host is probed. */
const PROBED_DAEMON = new URL('../host-freebsd/far/far-daemon.ts', import.meta.url).pathname;

export class FreebsdTestHost extends DaemonHost implements FreebsdUnderTest {
	readonly image = 'FreeBSD';
	readonly namespace = undefined;
	readonly isReal = true;
	readonly isRemote = true;
	readonly probe: Probe;
	readonly #probed: boolean;
	readonly #target: string;
	readonly #dataset: string;
	#before: Snapshot | undefined;
	#turn: Turn | undefined;

	private constructor(target: string, probed: boolean) {
		super();
		this.#target = target;
		this.#probed = probed;
		this.probe = new Probe(join(this.folder, 'probe'));
		const pool = process.env.KLEENE_TEST_POOL ?? 'zroot';
		this.#dataset = `${pool}/kleene-test-${process.pid}-${this.folder.slice(-6).toLowerCase()}`;
	}

	static async start(target: string, { probed = false } = {}): Promise<FreebsdTestHost> {
		const host = new FreebsdTestHost(target, probed);
		try {
			host.#turn = await takeTurn(host.#ssh());
			host.#before = await host.#snapshot();
			await host.startDaemon();
			const how = (process.env.KLEENE_TEST_IMAGE ?? 'fetch-auto').split(' ');
			const options = { timeout: 1_200_000 };
			const made = await host.kleeWith(options, 'image', 'create', '-t', host.image, ...how);
			if (made.code !== 0) throw new Error(`there is no base image: ${made.stdout}${made.stderr}`);
			return host;
		} catch (error) {
			await host.removeByForce();
			throw error;
		}
	}

	protected override command(): readonly string[] {
		return this.#probed ? [process.execPath, PROBED_DAEMON] : super.command();
	}

	protected place(): readonly string[] {
		const key = process.env.KLEENE_TEST_SSH_KEY;
		if (!this.#probed)
			return ['--freebsd-host', this.#target, '--zfs-root', this.#dataset, ...(key ? ['--ssh-key', key] : [])];
		const { username: user, hostname, port } = new URL(this.#target);
		const target = { user, host: hostname.replace(/^\[|\]$/g, ''), ...(port ? { port: Number(port) } : {}) };
		const access = { target, directory: this.folder, ...(key ? { key } : {}) };
		return ['--ssh', JSON.stringify(access), '--zfs-root', this.#dataset, '--probe', this.probe.folder];
	}

	/** Runs a text for a POSIX shell there. It goes in by standard input: the login shell may be any. */
	sh(text: string): Promise<Outcome> {
		return run([...this.#ssh(), '/bin/sh'], { input: `{ ${text}\n} </dev/null\n` });
	}

	/** What a command there is preceded by. */
	#ssh(): readonly string[] {
		const { username, hostname, port } = new URL(this.#target);
		const key = process.env.KLEENE_TEST_SSH_KEY;
		const options = ['-o', 'BatchMode=yes', ...(port ? ['-p', port] : []), ...(key ? ['-i', key] : [])];
		const name = `${username || 'root'}@${hostname.replace(/^\[|\]$/g, '')}`;
		return ['ssh', ...options, '--', name];
	}

	async interfaces(): Promise<HostInterface[]> {
		const { stdout } = await this.sh('ifconfig -a -f inet:cidr,inet6:cidr');
		const blocks = stdout.split(/^(?=\S)/m).filter((block) => block !== '');
		const members = new Map(
			blocks.flatMap((block) => {
				const bridge = block.split(':')[0] ?? '';
				return [...block.matchAll(/member: (\S+)/g)].map((match) => [match[1] ?? '', bridge] as const);
			}),
		);
		return blocks.map((block) => {
			const name = block.split(':')[0] ?? '';
			const addresses = [...block.matchAll(/inet6? ([0-9a-f.:]+\/\d+)/g)].map((match) => match[1] ?? '');
			return { name, up: /<(?:[A-Z,]+,)?UP\b/.test(block), bridge: members.get(name) ?? '', addresses };
		});
	}

	ping(address: string): readonly string[] {
		return ['ping', ...(address.includes(':') ? ['-6'] : []), '-c', '1', '-t', '3', address];
	}

	async answers(address: string): Promise<boolean> {
		return (await this.sh(`${this.ping(address).join(' ')} >/dev/null`)).code === 0;
	}

	async changes(): Promise<string[]> {
		const changes = this.#before ? difference(this.#before, await this.#snapshot()) : [];
		return changes.filter((change) => !FORWARDS.test(change));
	}

	/** The images and the daemon's own datasets stay while it runs. */
	async leftovers(): Promise<string[]> {
		const { stdout } = await this.sh(`mount -p | grep "${this.#dataset}/container" | grep -v zfs; jls name; true`);
		return stdout.split('\n').filter((line) => line !== '');
	}

	override async close(): Promise<void> {
		if (this.daemonPid === undefined) await this.startDaemon();
		await this.removeEverything();
		const images = await this.kleeJson<{ id: string }[]>('lsi');
		for (const { id } of images) await this.kleeOutput('rmi', id);
		const code = await this.stopDaemon();
		await this.sh(`zfs destroy -r "${this.#dataset}"`);
		const left = await this.changes();
		await this.removeByForce();
		if (left.length > 0) throw new Error(`left behind:\n${left.join('\n')}`);
		if (code !== 0) throw new Error(`kleened ended with ${code}`);
	}

	/** Jails whose files are ours, then the dataset. Interfaces go with the jails, or are ours by their description. */
	protected async removeFromHost(): Promise<void> {
		await this.sh(`
			jls name path | while read -r name path; do
				case $path in "/${this.#dataset}/"*) jail -r "$name" ;; esac
			done
			mount -p | awk '{ print $2 }' | grep "^/${this.#dataset}/container/.*/" | sort -r | while read -r path; do umount -f "$path"; done
			zfs destroy -R "${this.#dataset}"
			true`);
	}

	protected override async removeByForce(): Promise<void> {
		await super.removeByForce();
		await this.#turn?.over();
	}

	async #snapshot(): Promise<Snapshot> {
		const text = [...QUESTIONS].map(([aspect, command]) => `echo "@${aspect}"; { ${command}; } 2>&1`).join('\n');
		const { stdout, stderr, code } = await this.sh(text);
		if (code !== 0) throw new Error(`${this.#target} cannot be looked at: ${stderr}`);
		const sections = stdout.split(/^@/m).filter((section) => section !== '');
		return new Map(sections.map((section) => [section.split('\n')[0] ?? '', section.split('\n').slice(1)]));
	}
}
