import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KleeneError } from '#errors/kleene-error.ts';
import type { SshAddress } from '../address.ts';
import { explainTunnel } from './reasons.ts';

// Static imports would cost every command some milliseconds, which most do not need.
const { spawn } = process.getBuiltinModule('node:child_process');
const { existsSync, mkdtempSync } = process.getBuiltinModule('node:fs');

export interface TunnelOptions {
	/** Ask nothing: neither passwords nor whether a host key is accepted. */
	readonly batch?: boolean | undefined;
}

/**
 * Runs ssh(1) until it ends, or until standard input does, which is a pipe of klee: ssh ends with klee, however that one
 * ends. Ctrl-C is for klee, which may pass it on to a container through this ssh. `$0` is the directory of the socket.
 */
const GUARD = `
trap '' INT QUIT HUP PIPE
exec 3<&0 4>&2 </dev/null 2>/dev/null
ssh "$@" 2>&4 3<&- 4>&- &
ssh=$!
exec 4>&-
trap 'kill "$ssh"' TERM
(while read -r line; do :; done <&3; kill "$ssh") &
guard=$!
wait "$ssh"
status=$?
if kill -0 "$ssh"; then wait "$ssh"; fi
kill "$guard"
rm -rf -- "$0"
exit "$status"
`;

/** Longest path of a socket, unix(7); `/tmp` where the directory for temporary files is too far down. */
const LONGEST = 107;
const POLL_MILLISECONDS = 10;
/** Time for the reason of ssh, which comes beside the end of the connection. Milliseconds. */
const REASON_MILLISECONDS = 500;

/** A socket of this machine that leads to one of another host, through one ssh connection for all of klee's own. */
export class SshTunnel {
	readonly #address: SshAddress;
	readonly #options: TunnelOptions;
	#opening: Promise<string> | undefined;
	#child: ChildProcess | undefined;
	#ended: Promise<number> | undefined;
	#hasEnded = false;
	/** Error output of ssh. */
	#said = '';

	constructor(address: SshAddress, options: TunnelOptions) {
		this.#address = address;
		this.#options = options;
	}

	/**
	 * Connects at the first call.
	 *
	 * @param again after the end of ssh, connect once more, without asking anything
	 * @returns path of the socket here
	 * @throws KleeneError DAEMON_UNREACHABLE
	 */
	ready(again = false): Promise<string> {
		if (again && this.#hasEnded) {
			this.#hasEnded = false;
			this.#said = '';
			this.#opening = this.#open({ batch: true });
		}
		this.#opening ??= this.#open(this.#options);
		return this.#opening;
	}

	/** @param cause failure of a connection through this tunnel */
	async explain(cause: unknown): Promise<KleeneError> {
		const patience = sleep(REASON_MILLISECONDS, undefined, { ref: false });
		const spoken = async () => {
			while (this.#said === '') await sleep(POLL_MILLISECONDS);
		};
		await Promise.race([patience, this.#ended, spoken()]);
		return explainTunnel(this.#address, this.#said, cause);
	}

	/** Ends ssh. */
	close(): void {
		this.#child?.stdin?.destroy();
		this.#child?.stderr?.destroy();
		this.#child?.unref();
	}

	async #open(options: TunnelOptions): Promise<string> {
		const directory = makeDirectory();
		const local = `${directory}/s`;
		const child = spawn('sh', ['-c', GUARD, directory, ...sshArguments(this.#address, local, options)], {
			stdio: ['pipe', 'ignore', 'pipe'],
		});
		this.#child = child;
		child.stdin.on('error', () => {});
		child.stderr.setEncoding('utf8').on('data', (text: string) => {
			this.#said = `${this.#said}${text}`.slice(-8192);
		});
		const ended = new Promise<number>((resolve, reject) => {
			child.once('error', reject).once('close', (code) => resolve(code ?? 255));
		});
		this.#ended = ended;
		let exitCode: number | undefined;
		ended.then(
			(code) => {
				exitCode = code;
				this.#hasEnded = true;
			},
			() => {
				exitCode = 127;
				this.#hasEnded = true;
			},
		);
		// Logging in may wait for a password: there is no limit but that of ssh for connecting.
		while (!existsSync(local)) {
			if (exitCode !== undefined) throw explainTunnel(this.#address, this.#said, undefined, exitCode);
			await sleep(POLL_MILLISECONDS);
		}
		// ssh listens a moment after the socket is there.
		await sleep(POLL_MILLISECONDS);
		return local;
	}
}

function makeDirectory(): string {
	const { TMPDIR } = process.env;
	const usable =
		TMPDIR?.startsWith('/') && /^[\w./-]*$/.test(TMPDIR) && TMPDIR.length < LONGEST - 'klee-XXXXXX/s'.length - 1;
	return mkdtempSync(`${usable ? TMPDIR : '/tmp'}/klee-`);
}

function sshArguments({ target, path }: SshAddress, local: string, { batch = false }: TunnelOptions): string[] {
	const settings = [
		'ConnectTimeout=15',
		'ServerAliveInterval=15',
		'ServerAliveCountMax=3',
		'StreamLocalBindMask=0177',
		'PermitLocalCommand=no',
		'RemoteCommand=none',
		// Where connections are refused, that is said at this level.
		'LogLevel=INFO',
		...(batch ? ['BatchMode=yes'] : []),
	];
	return [
		// No command, no terminal, no agent, no X11, and a connection of its own: forwarding would stay with a shared one.
		...['-N', '-T', '-a', '-x', '-S', 'none', '-L', `${local}:${path}`],
		...settings.flatMap((setting) => ['-o', setting]),
		...(target.user === '' ? [] : ['-l', target.user]),
		...(target.port === undefined ? [] : ['-p', `${target.port}`]),
		'--',
		target.host,
	];
}
