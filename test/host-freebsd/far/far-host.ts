/**
 * A FreeBSD host made of shell scripts: its commands are found on a PATH of their own and ask this process what to
 * answer. It shows that the scripts of host/freebsd do what they should in the right order on a real sh, with real
 * processes and files. It is no FreeBSD, and nothing that passes on it has been seen on one.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { quote } from '#os/shell/quote.ts';
import { ifconfig } from './ifconfig.ts';
import { jail, jexec, jls } from './jail.ts';
import { mount, umount } from './mounts.ts';
import { netstat, ping, route, sysctl } from './network.ts';
import { pfctl } from './pfctl.ts';
import { pgrep, pkill, processesOf, ps, pwait } from './processes.ts';
import {
	daemon,
	devfs,
	fetch,
	freebsdVersion,
	hostname,
	kldload,
	lockf,
	rctl,
	script,
	service,
	stty,
	uname,
} from './system.ts';
import { type Answer, type Command, failure, newWorld, type World } from './world.ts';
import { zfs } from './zfs.ts';

/** Those that are given what the caller has on standard input. */
const READERS = new Set(['pfctl']);

export class FarHost {
	readonly folder: string;
	readonly world: World;
	/** Every command that was called, in order, as one line. */
	readonly calls: string[] = [];
	readonly #commands: Readonly<Record<string, Command>>;
	readonly #server: Server;
	readonly #sockets = new Set<Socket>();

	private constructor(folder: string, release: number) {
		this.folder = folder;
		this.world = newWorld(join(folder, 'far'), release);
		const socket = this.socket;
		this.#commands = {
			ifconfig,
			jail,
			jls,
			jexec,
			mount,
			umount,
			netstat,
			route,
			sysctl,
			ping,
			pfctl,
			zfs,
			uname,
			fetch,
			rctl,
			kldload,
			devfs,
			lockf,
			daemon,
			hostname,
			service,
			script,
			stty,
			'freebsd-version': freebsdVersion,
			ps: (call) => ps(call, socket),
			pgrep: (call) => pgrep(call, socket),
			pkill: (call) => pkill(call, socket),
			pwait,
		};
		this.#server = createServer({ allowHalfOpen: true }, (one) => this.#serve(one));
	}

	/** Of the release in `KLEENE_TEST_FAR_RELEASE`, else 13.2, which the recordings are of. */
	static async start(): Promise<FarHost> {
		const release = Number(process.env.KLEENE_TEST_FAR_RELEASE ?? '13.2');
		const host = new FarHost(mkdtempSync(join(tmpdir(), 'far-')), release);
		mkdirSync(join(host.folder, 'far/zroot'), { recursive: true });
		host.#install();
		await new Promise<void>((resolve) => host.#server.listen(host.socket, resolve));
		return host;
	}

	get socket(): string {
		return join(this.folder, 'sim.sock');
	}

	/** In place of /var/run/kleene. */
	get runDirectory(): string {
		return join(this.folder, 'run');
	}

	/** To stand first on the PATH of the far side. */
	get bin(): string {
		return join(this.folder, 'bin');
	}

	/** Names of jails that have processes. */
	alive(): string[] {
		return [...this.world.jails.keys()].filter((name) => processesOf(this.world, name, this.socket).length > 0);
	}

	#install(): void {
		mkdirSync(this.bin);
		for (const name of Object.keys(this.#commands)) {
			const path = join(this.bin, name);
			writeFileSync(path, shim(name, this.bin, this.socket));
			chmodSync(path, 0o755);
		}
		// Programs of the base system that those of Debian stand in for.
		const install = (name: string, text: string) =>
			writeFileSync(join(this.bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
		install('flua', 'exec lua5.4 "$@"');
		// The tar of FreeBSD is that of libarchive, here too.
		install('tar', 'exec bsdtar "$@"');
		install('stat', '[ "$1 $2" != "-f %z %Lp" ] || { shift 2; set -- -c "%s %a" "$@"; }; exec /usr/bin/stat "$@"');
		install('sha256', '[ "$1" != -q ] || shift; sha256sum "$@" | cut -d " " -f 1');
	}

	#serve(socket: Socket): void {
		const chunks: Buffer[] = [];
		this.#sockets.add(socket);
		socket.on('close', () => this.#sockets.delete(socket));
		socket.on('error', () => {});
		socket.on('data', (chunk: Buffer) => chunks.push(chunk));
		socket.on('end', () => socket.end(this.#answer(Buffer.concat(chunks).toString())));
	}

	/** What the shim is to evaluate. */
	#answer(request: string): string {
		const [head = '', ...rest] = request.split('\0\0\n');
		const [name = '', jailName = '', ...argv] = head.split('\0');
		this.calls.push([name, ...argv].join(' '));
		this.world.sysctls.set('vm.stats.vm.v_forks', `${this.calls.length}`);
		const command = this.#commands[name];
		const call = { world: this.world, argv, jail: jailName, input: rest.join('\0\0\n') };
		return render(command ? command(call) : failure(`${name}: not found`, 127));
	}

	async close(): Promise<void> {
		for (const name of this.world.jails.keys())
			for (const pid of processesOf(this.world, name, this.socket)) {
				try {
					process.kill(pid, 'SIGKILL');
				} catch {
					// It ended while we looked.
				}
			}
		for (const socket of this.#sockets) socket.destroy();
		await new Promise((resolve) => this.#server.close(resolve));
		rmSync(this.folder, { recursive: true, force: true });
	}
}

/** @param bin where it lies itself, for what it runs in turn */
function shim(name: string, bin: string, socket: string): string {
	const input = READERS.has(name) ? 'cat' : ':';
	return `#!/bin/sh
SIM_SOCKET=${quote(socket)} SIM_PATH=${quote(`${bin}:/usr/sbin:/usr/bin:/sbin:/bin`)}
export SIM_SOCKET SIM_PATH
PATH=$SIM_PATH
answer=$({ printf '%s\\0' ${name} "$SIM_JAIL" "$@"; printf '\\0\\n'; ${input}; } | /bin/nc -N -U "$SIM_SOCKET") || exit 70
eval "$answer"
`;
}

function render({ stdout = '', stderr = '', code = 0, run }: Answer): string {
	const lines = [];
	if (stdout !== '') lines.push(`printf %s ${quote(stdout)}`);
	if (stderr !== '') lines.push(`printf %s ${quote(stderr)} >&2`);
	lines.push(run ?? `exit ${code}`);
	return lines.join('\n');
}
