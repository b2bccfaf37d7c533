/**
 * A Debian machine for packages: a root directory, a network, processes and mounts of its own. systemd does not run in
 * it; a stand-in for systemctl starts and stops kleened by the line of its unit, and enables it with the real one.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type Outcome, outputOf, run } from '#test/testbed/command.ts';
import { createNamespace, removeNamespace, within } from '#test/testbed/network-namespace.ts';
import { provideDebianRoot } from '#test/testbed/prepared/debian-root.ts';

const SYSTEMCTL = `#!/bin/sh
echo "$*" >>/var/log/systemctl
unit=/usr/lib/systemd/system/kleened.service
stop() {
	[ -e /run/kleened.pid ] || return 0
	pid=$(cat /run/kleened.pid)
	kill -TERM "$pid" 2>/dev/null
	while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
	rm /run/kleened.pid
}
case "$*" in
*enable* | *disable*) SYSTEMD_OFFLINE=1 /usr/bin/systemctl $(echo "$*" | sed 's/--now//') ;;
esac
case "$*" in
*restart*)
	stop
	setsid sh -c "echo \\$\\$ >/run/kleened.pid; exec $(sed -n 's/^ExecStart=//p' $unit)" >>/var/log/kleened 2>&1 </dev/null &
	for tries in $(seq 600); do
		[ -S /run/kleened.sock ] && exit 0
		sleep 0.1
	done
	cat /var/log/kleened >&2
	exit 1
	;;
*stop*) stop ;;
esac
`;

/**
 * Process 1 of the machine: waits, and reaps processes that lost their parents. Its root is that of the mount namespace:
 * in a mere chroot `runc exec` would come out of the container.
 */
const INIT = `mount --bind "$0" "$0" && cd "$0" && mount -t proc proc proc && mount --rbind /sys sys && mount --rbind /dev dev &&
mount -t tmpfs tmpfs run && mkdir -p run/systemd/system && pivot_root . mnt && cd / && umount --lazy /mnt && echo ready &&
while :; do sleep 0.2; done`;

export class DebianMachine {
	readonly root: string;
	readonly #folder: string;
	readonly #namespace: string;
	#init: ChildProcess | undefined;
	#pid = 0;

	private constructor() {
		this.#folder = mkdtempSync(join(tmpdir(), 'debian-'));
		this.root = join(this.#folder, 'root');
		this.#namespace = `kleene-${basename(tmpdir())}-${process.pid}-${this.#folder.slice(-6)}`;
	}

	static async start(): Promise<DebianMachine> {
		const machine = new DebianMachine();
		try {
			mkdirSync(machine.root);
			const archive = await provideDebianRoot();
			await outputOf(['tar', '--extract', '--numeric-owner', '--xattrs', '--file', archive, '-C', machine.root]);
			machine.write('usr/local/bin/systemctl', SYSTEMCTL, 0o755);
			await createNamespace(machine.#namespace);
			await machine.#boot();
		} catch (error) {
			await machine.close();
			throw error;
		}
		return machine;
	}

	async #boot(): Promise<void> {
		const confined = ['unshare', '--mount', '--pid', '--fork', '--kill-child', '--', 'sh', '-c', INIT, this.root];
		const [program = '', ...args] = [...within(this.#namespace), ...confined];
		const init = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
		this.#init = init;
		await new Promise<void>((resolve, reject) => {
			init.stdout.once('data', () => resolve());
			init.once('exit', (code) => reject(new Error(`the machine ended with ${code}`)));
		});
		this.#pid = Number((await outputOf(['cat', `/proc/${init.pid}/task/${init.pid}/children`])).trim());
	}

	write(path: string, content: string, mode = 0o644): void {
		writeFileSync(join(this.root, path), content);
		chmodSync(join(this.root, path), mode);
	}

	has(path: string): boolean {
		return existsSync(join(this.root, path));
	}

	/** Runs a command on the machine as root. */
	run(...argv: readonly string[]): Promise<Outcome> {
		const into = ['nsenter', '--target', String(this.#pid), '--mount', '--pid', '--net', '--root', '--wd'];
		const env = { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' };
		return run([...into, ...argv], { env: { ...env, DEBIAN_FRONTEND: 'noninteractive' }, timeout: 120_000 });
	}

	/** Standard output of a command that must succeed, without the final newline. */
	async output(...argv: readonly string[]): Promise<string> {
		const { stdout, stderr, code } = await this.run(...argv);
		if (code !== 0) throw new Error(`${argv.join(' ')} ended with ${code}: ${stdout}${stderr}`);
		return stdout.trimEnd();
	}

	/** Paths of all files, without those of dpkg, of logs and of the kernel. */
	async files(): Promise<string[]> {
		const ignored = ['./proc', './sys', './dev', './run', './tmp', './var/lib/dpkg', './var/log', './etc/.pwd.lock'];
		const prune = ignored.flatMap((path) => ['-path', path, '-prune', '-o']);
		const found = await outputOf(['find', '.', ...prune, '-print'].map(String), { cwd: this.root });
		return found.trimEnd().split('\n').toSorted();
	}

	/** Ends all processes of the machine, and with them its mounts and its network. */
	async close(): Promise<void> {
		const init = this.#init;
		if (init && init.exitCode === null && init.signalCode === null) {
			const ended = new Promise((resolve) => init.once('exit', resolve));
			init.kill('SIGKILL');
			await ended;
		}
		await removeNamespace(this.#namespace);
		rmSync(this.#folder, { recursive: true, force: true });
	}
}
