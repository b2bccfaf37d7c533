/**
 * One kleened per FreeBSD host. Two would take each other's bridges, cables and rules for left-overs, so each holds a
 * lock there: lockf(1) around a shell that reads from the daemon. When the daemon is killed or its connection is cut,
 * that shell finds its input at an end, and the lock is free at once.
 *
 * A connection can also go silent, and sshd does not notice for hours. So the daemon sends a beat every few seconds.
 * A daemon that finds the lock held waits for one; if none comes, the holder is stale and is ended.
 */
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { KleeneError } from '#errors/kleene-error.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import { ConnectionLost, type Precondition, type ShellLog, type ShellSession } from '#os/shell/shell.ts';
import { parseRefusal, refusal } from './refusals.ts';

/** Milliseconds between two beats. */
const BEAT = 5000;
/** Milliseconds for the host to notice that it was given free. */
const GOODBYE = 1000;
/** Seconds that an earlier daemon, which has just ended, may take to let go. */
const LET_GO = 3;
/** Seconds without a beat after which a holder is a stale one. */
const STALE = 20;
/** lockf(1) could not get the lock in time (EX_TEMPFAIL). */
const HELD = 75;
/** Among the words of the shell that holds the lock, to know it by. */
const HOLDER = 'kleene-holds-this-host';

export interface HostLockOptions {
	/** Directory on the host, e.g. `/var/run/kleene`: the same for all daemons. */
	readonly directory: string;
	/** Of the daemon on its own machine. */
	readonly root: string;
	readonly log: ShellLog;
	/** Milliseconds between two beats. Default 5000. */
	readonly beat?: number;
	/** Seconds without a beat after which a holder is ended. Default 20. */
	readonly stale?: number;
}

/** Holds a host for this daemon, and again after the connection was lost. */
export class HostLock implements Precondition {
	readonly #options: HostLockOptions;
	readonly #token = crypto.randomUUID();
	#session: ShellSession | undefined;
	#taking: Promise<void> | undefined;
	#timer: NodeJS.Timeout | undefined;
	#onLost: () => void = () => {};
	#closed = false;

	constructor(options: HostLockOptions) {
		this.#options = options;
	}

	onLost(listener: () => void): void {
		this.#onLost = listener;
	}

	/** Throws KleeneError CONFIG_INVALID where another kleened holds the host, saying which and since when. */
	async ensure(open: (script: Script) => Promise<ShellSession>): Promise<void> {
		if (this.#session) return;
		this.#taking ??= this.#take(open).finally(() => {
			this.#taking = undefined;
		});
		await this.#taking;
	}

	/** Gives the host free. */
	async close(): Promise<void> {
		this.#closed = true;
		clearInterval(this.#timer);
		const session = this.#session;
		this.#session = undefined;
		if (!session) return;
		session.stdin.end();
		await Promise.race([session.exited.catch(() => {}), delay(GOODBYE, undefined, { ref: false })]);
	}

	async #take(open: (script: Script) => Promise<ShellSession>): Promise<void> {
		const session = await open(holdScript({ ...this.#options, token: this.#token }));
		const said = collect(session);
		if (!(await holds(session))) throw refused(await session.exited, said());
		this.#session = session;
		let beats = 0;
		this.#timer = setInterval(() => session.stdin.write(`${++beats}\n`), this.#options.beat ?? BEAT).unref();
		session.exited.then(
			(code) => this.#lost(session, `its shell there ended with exit code ${code}`),
			(error: unknown) => this.#lost(session, String(error)),
		);
	}

	#lost(session: ShellSession, why: string): void {
		if (this.#session !== session) return;
		clearInterval(this.#timer);
		this.#session = undefined;
		if (this.#closed) return;
		this.#options.log.warn({ why }, 'lost the lock on the host; acquiring it again');
		this.#onLost();
	}
}

function collect({ stderr }: ShellSession): () => string {
	let said = '';
	stderr.on('data', (chunk: Buffer) => {
		said = `${said}${chunk}`.slice(-4096);
	});
	return () => said;
}

/** Whether the session came to hold the lock; false: it ended. */
function holds({ stdout }: ShellSession): Promise<boolean> {
	return new Promise((resolve) => {
		let said = '';
		stdout.on('data', (chunk: Buffer) => {
			said = `${said}${chunk}`.slice(-256);
			if (said.includes(HOLDER)) resolve(true);
		});
		stdout.once('close', () => resolve(false));
	});
}

function refused(code: number, stderr: string): Error {
	if (code === 0) return new ConnectionLost('the lock was given free at once', { started: false });
	return (
		parseRefusal(stderr) ??
		new KleeneError({
			code: 'HOST_FAILED',
			what: 'cannot lock the host for this kleened',
			why: stderr.trim() || `exit code ${code}`,
			hint: 'check that the user of kleened is root there, and that /var/run is writable',
		})
	);
}

interface Holding extends HostLockOptions {
	readonly token: string;
}

/** For a session: says HOLDER once it holds the lock, and holds it until the end of its input. */
export function holdScript({ directory, root, token, stale = STALE }: Holding): Script {
	const [lock, note, beat] = ['lock', 'holder', 'beat'].map((name) => `${directory}/${name}`) as [
		string,
		string,
		string,
	];
	const who = `process ${process.pid} on ${hostname()}, --root ${root}`;
	const holder = holderScript(note, beat);
	const held = refusal({
		code: 'CONFIG_INVALID',
		what: 'cannot manage this FreeBSD host',
		why: sh`"another kleened manages it already: $who, since $since"`,
		hint: 'use that one, or stop it first: one kleened manages a FreeBSD host',
	});
	return lines(
		// Everyone who can open the file could lock it.
		sh`umask 077; mkdir -p ${directory}`,
		sh`hold() { lockf -k -s -t ${LET_GO} ${lock} /bin/sh -c ${holder.text} ${HOLDER} ${token} ${who.replaceAll('\n', ' ')}; }`,
		sh`end_holder() { case $(ps -ww -o command= -p "$pid" 2>/dev/null) in *${HOLDER}*) kill -KILL "$pid" || :;; esac; }`,
		sh`last_beat() { cat ${beat} 2>/dev/null; }`,
		sh`for round in 1 2 3; do`,
		sh`	hold && exit`,
		sh`	c=$?; [ "$c" = ${HELD} ] || exit "$c"`,
		sh`	pid=0 token=- since=now who='one that has just begun'`,
		sh`	[ ! -f ${note} ] || { read -r pid; read -r token; read -r since; read -r who; } <${note}`,
		sh`	left=${stale}; [ "$token" != ${token} ] || left=0`,
		sh`	before=$(last_beat)`,
		sh`	while [ "$left" -gt 0 ]; do`,
		sh`		left=$((left - 1)); sleep 1; now=$(last_beat)`,
		// It has just ended.
		sh`		[ -n "$now" ] || break`,
		sh`		[ "$now" = "$before" ] || ${held}`,
		sh`	done`,
		sh`	[ "$left" -gt 0 ] || end_holder`,
		sh`done`,
		held,
	);
}

/** With the lock. Its words are those of `hold` above. */
function holderScript(note: string, beat: string): Script {
	return lines(
		sh`printf '%s\\n' $$ "$1" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$2" >${note}.new && mv ${note}.new ${note} || exit`,
		sh`echo 0 >${beat}; echo "$0"`,
		sh`while read -r n; do echo "$n" >${beat}; done`,
		sh`rm -f ${note} ${beat}; exit 0`,
	);
}
