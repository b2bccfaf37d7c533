import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { nameOf } from '#inet/ssh-target.ts';
import { type Opened, open } from '#os/exec.ts';
import { HostShell, type HostShellOptions, type Way } from './host-shell.ts';
import type { ConnectionState, ShellLog } from './shell.ts';
import { clientCommand, type SshAccess } from './ssh-command.ts';
import { SshMaster } from './ssh-master.ts';

/** Milliseconds between two attempts to connect again: doubled each time, and each time a little different. */
const FIRST = 250;
const LONGEST = 30_000;
/** Exit code of ssh(1) when ssh itself failed. */
const FAILED = 255;

/** Over ssh(1), with one connection for everything. */
class SshWay implements Way {
	readonly startsClients = true;
	readonly #access: SshAccess;
	readonly #log: ShellLog;
	readonly #listeners: Array<(state: ConnectionState) => void> = [];
	#master: SshMaster | undefined;
	#connecting: Promise<void> | undefined;
	#retry: NodeJS.Timeout | undefined;
	#lost = false;
	#closed = false;

	constructor(access: SshAccess, log: ShellLog) {
		this.#access = access;
		this.#log = log;
	}

	async ready(): Promise<void> {
		if (this.#closed) throw this.#gone();
		if (this.#master !== undefined) return;
		this.#connecting ??= this.#connect().finally(() => {
			this.#connecting = undefined;
		});
		await this.#connecting;
	}

	start(shellArguments: readonly string[]): Promise<Opened> {
		return open(clientCommand(this.#access, ['/bin/sh', ...shellArguments]));
	}

	lostBy(code: number): boolean {
		return code === FAILED || code > 128;
	}

	onConnection(listener: (state: ConnectionState) => void): void {
		this.#listeners.push(listener);
	}

	async close(): Promise<void> {
		this.#closed = true;
		clearTimeout(this.#retry);
		await this.#connecting?.catch(() => {});
		await this.#master?.close();
	}

	async #connect(): Promise<void> {
		const master = await SshMaster.connect(this.#access);
		this.#master = master;
		master.lost.then((why) => this.#onLost(why));
		if (this.#lost) {
			this.#lost = false;
			clearTimeout(this.#retry);
			this.#log.info({ host: nameOf(this.#access.target) }, 'reconnected to the host');
			for (const listener of this.#listeners) listener('back');
		}
	}

	#onLost(why: string): void {
		this.#master = undefined;
		if (this.#closed) return;
		this.#lost = true;
		this.#log.warn({ host: nameOf(this.#access.target), why }, 'lost the connection to the host; reconnecting');
		for (const listener of this.#listeners) listener('lost');
		this.#tryAgain(FIRST);
	}

	#tryAgain(pause: number): void {
		const attempt = async () => {
			try {
				await this.ready();
			} catch (error) {
				if (this.#closed) return;
				this.#log.warn({ host: nameOf(this.#access.target), why: messageOf(error) }, 'the host is still unreachable');
				this.#tryAgain(Math.min(LONGEST, pause * 2));
			}
		};
		this.#retry = setTimeout(attempt, pause * (0.75 + Math.random() / 2));
	}

	#gone(): KleeneError {
		return new KleeneError({
			code: 'HOST_UNREACHABLE',
			what: `cannot reach ${nameOf(this.#access.target)}`,
			why: 'the connection was closed',
			hint: 'start kleened again',
		});
	}
}

/**
 * A host behind ssh(1). Nothing is installed there; its user must be able to do everything (root). The user's own ssh
 * configuration counts: keys, jump hosts, what is done about unknown host keys. A lost connection is made again by
 * itself, after 0.25 s and then ever more seldom, at least every 30 s.
 */
export class SshShell extends HostShell {
	/** Throws KleeneError: CONFIG_INVALID (who we are or who it is was not accepted), HOST_UNREACHABLE. */
	static async connect(access: SshAccess, log: ShellLog, options: HostShellOptions = {}): Promise<SshShell> {
		const way = new SshWay(access, log);
		await way.ready();
		return new SshShell(way, options);
	}

	private constructor(way: Way, options: HostShellOptions) {
		super(way, options);
	}
}
