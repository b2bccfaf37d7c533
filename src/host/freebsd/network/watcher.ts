import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { HostEvent } from '#host/driver.ts';
import { type Script, sh } from '#os/shell/quote.ts';

/** Milliseconds that several changes at once may take: one look at the end of them is enough. */
const SETTLE = 200;

/** Milliseconds before somebody who stopped telling is asked again. */
const AGAIN = 5000;

/** A script on the host with streams of its own. */
export interface WatchSession {
	readonly stdin: Writable;
	readonly stdout: Readable;
	readonly exited: Promise<number>;
	close(): void;
}

export interface WatcherOptions {
	/** Begins a script on the host; rejects while the host is out of reach. */
	readonly open: (script: Script) => Promise<WatchSession>;
	readonly tell: (event: HostEvent) => void;
	readonly log: { warn(fields: object, message: string): void };
	/** Milliseconds; default 5000. */
	readonly again?: number;
}

/** Ends when its input does, so that a lost connection leaves nothing behind. */
const MONITOR: Script = sh`exec 3<&0
stdbuf -o L route -n monitor 3<&- &
p=$!
{ cat <&3 >/dev/null 2>&1; kill "$p"; } >/dev/null 2>&1 &
exec 3<&-
wait "$p"`;

/**
 * Messages about a changed address or route. Cables and bridges come and go without addresses of their
 * own on the host, so containers with a stack of their own wake nobody.
 */
const CHANGE = /^RTM_(?:NEWADDR|DELADDR|ADD|DELETE|CHANGE):/;
/** The same from FreeBSD 14 on, where route(8) listens by netlink: `20:19:41.333 add/repl addr 10.4.6.1/24 iface em0`. */
const CHANGE_BY_NETLINK = /^[\d:]+\.\d+ (?:PID +\d+ )?(?:add\/repl|delete) (?:addr|route) /;

/**
 * Tells when somebody changes the addressing of the host, by what route(8) hears on its socket. Of pf there is nothing
 * to hear: what somebody did to the rules is found by `klee network doctor`.
 */
export class Watcher {
	readonly #options: WatcherOptions;
	#session: WatchSession | undefined;
	#due: NodeJS.Timeout | undefined;
	#retry: NodeJS.Timeout | undefined;
	#closed = false;

	constructor(options: WatcherOptions) {
		this.#options = options;
		void this.#listen(true);
	}

	async #listen(first: boolean): Promise<void> {
		try {
			const session = await this.#options.open(MONITOR);
			if (this.#closed) return release(session);
			this.#session = session;
			// What happened while nobody listened is not known.
			if (!first) this.#soon();
			createInterface({ input: session.stdout }).on('line', (line) => {
				if (CHANGE.test(line) || CHANGE_BY_NETLINK.test(line)) this.#soon();
			});
			const code = await session.exited;
			if (!this.#closed) this.#options.log.warn({ code }, 'lost the notifications of the host; reconnecting');
		} catch {
			// Out of reach: others say so.
		}
		this.#session = undefined;
		if (!this.#closed) this.#retry = setTimeout(() => void this.#listen(false), this.#options.again ?? AGAIN).unref();
	}

	#soon(): void {
		if (this.#due || this.#closed) return;
		this.#due = setTimeout(() => {
			this.#due = undefined;
			this.#options.tell({ kind: 'addressing-changed' });
		}, SETTLE).unref();
	}

	close(): void {
		this.#closed = true;
		clearTimeout(this.#due);
		clearTimeout(this.#retry);
		if (this.#session) release(this.#session);
	}
}

function release(session: WatchSession): void {
	session.stdin.end();
	session.close();
}
