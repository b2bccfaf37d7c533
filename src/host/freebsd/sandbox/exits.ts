import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { Shell, ShellLog, ShellSession } from '#os/shell/shell.ts';
import type { ToldEnd } from './output.ts';
import type { StateDirectory } from './run-directory.ts';

/** Milliseconds until the events are followed again, where that ended though the connection did not. */
const AGAIN = 1000;
/** Lines of the past that are read again: what is written between the look and the following is among them. */
const PAST = 100;
const KILLED = 137;
/** Words of an event. */
const EVENT = /^(process|sandbox) ([0-9a-f]+) (\S+)(?: (\S+))?$/;

type Listener = (container: string) => void;

/**
 * The ends of all processes and sandboxes. The shells on the host that wait for them append a line to one file, which one
 * session follows. After a connection was lost, and when the daemon starts, everything there is looked at instead.
 */
export class Exits {
	readonly #shell: Shell;
	readonly #state: StateDirectory;
	readonly #log: ShellLog;
	readonly #waiting = new Map<string, (end: ToldEnd) => void>();
	/** Those of them that there must be something of on the host. */
	readonly #started = new Set<string>();
	/** Token of the run that a container is in. */
	readonly #runs = new Map<string, string>();
	readonly #over = new Set<string>();
	readonly #whenOver = new Map<string, Array<() => void>>();
	readonly #listeners = new Set<Listener>();
	#session: ShellSession | undefined;
	#following: Promise<void> | undefined;
	#timer: NodeJS.Timeout | undefined;
	#closed = false;

	constructor(shell: Shell, state: StateDirectory, log: ShellLog) {
		this.#shell = shell;
		this.#state = state;
		this.#log = log;
		shell.onConnection((connection) => connection === 'back' && this.follow());
	}

	/** From now on every end is noticed. Returns when that is so; where it fails, it is tried again. */
	async follow(): Promise<void> {
		if (this.#closed) return;
		this.#following ??= this.#begin().finally(() => {
			this.#following = undefined;
		});
		await this.#following;
	}

	/** Called for each sandbox that ends, once for each run, and at once for those that have. */
	listen(listener: Listener): void {
		this.#listeners.add(listener);
		for (const [container, token] of this.#runs) if (this.#over.has(token)) listener(container);
	}

	/** A container has begun a run: what comes of earlier ones is nobody's concern any more. */
	began(container: string, token: string): void {
		this.#over.delete(this.#runs.get(container) ?? '');
		this.#runs.set(container, token);
	}

	/** Wait for the end of the process with this token. */
	ended(token: string): Promise<ToldEnd> {
		return new Promise((resolve) => this.#waiting.set(token, resolve));
	}

	/** It is there, or was. */
	started(token: string): void {
		if (this.#waiting.has(token)) this.#started.add(token);
	}

	/** The process has told so itself, or never began. */
	forget(token: string): void {
		this.#waiting.delete(token);
		this.#started.delete(token);
	}

	/** No process is left in a container. @param token of its run, where it is known */
	sandboxEnded(container: string, token = this.#runs.get(container)): void {
		if (token === undefined || this.#runs.get(container) !== token || this.#over.has(token)) return;
		this.#over.add(token);
		for (const resolve of this.#whenOver.get(container) ?? []) resolve();
		this.#whenOver.delete(container);
		for (const listener of this.#listeners) listener(container);
	}

	/** Whether the run of a container ends within this time. */
	async endsWithin(container: string, milliseconds: number): Promise<boolean> {
		const over = () => this.#over.has(this.#runs.get(container) ?? '');
		if (over()) return true;
		await new Promise<void>((resolve) => {
			this.#whenOver.set(container, [...(this.#whenOver.get(container) ?? []), resolve]);
			setTimeout(resolve, milliseconds).unref();
		});
		return over();
	}

	close(): void {
		this.#closed = true;
		clearTimeout(this.#timer);
		this.#session?.close();
	}

	async #begin(): Promise<void> {
		clearTimeout(this.#timer);
		try {
			this.#session?.close();
			const { events, path } = this.#state;
			// tail never writes and so never finds its reader gone: the end of the input is what ends it.
			const session = await this.#shell.open(
				lines(
					sh`mkdir -p ${path}/ends; : >>${events}; tail -n ${PAST} -F ${events} 2>/dev/null &`,
					sh`cat >/dev/null; kill $!`,
				),
			);
			this.#session = session;
			session.stderr.resume();
			await this.#look();
			this.#read(session);
		} catch (error) {
			this.#later(String(error));
		}
	}

	#read(session: ShellSession): void {
		let rest = '';
		session.stdout.setEncoding('utf8').on('data', (chunk: string) => {
			const received = (rest + chunk).split('\n');
			rest = received.pop()!;
			for (const line of received) this.#take(line);
		});
		session.stdout.once('close', () => session === this.#session && this.#later('its session ended'));
	}

	/** A lost connection comes back by itself, and tells. */
	#later(why: string): void {
		if (this.#closed) return;
		this.#log.warn({ why }, 'lost the notifications of container exits; reconnecting');
		clearTimeout(this.#timer);
		this.#timer = setTimeout(() => this.follow(), AGAIN).unref();
	}

	#take(line: string): void {
		const [, kind, first, second, third] = EVENT.exec(line) ?? [];
		if (kind === 'process') this.#tell(first!, { code: Number(second) & 0xff, last: third === '1' });
		if (kind === 'sandbox') this.sandboxEnded(first!, second);
	}

	#tell(token: string, end: ToldEnd): void {
		this.#waiting.get(token)?.(end);
		this.forget(token);
	}

	async #look(): Promise<void> {
		const missing = new Set(this.#started);
		const [result] = await this.#shell.exchange([{ name: 'ends', script: lookScript(this.#state) }], {
			repeatable: true,
		});
		if (result!.code !== 0) throw new Error(result!.stderr.trim());
		for (const line of result!.stdout.split('\n')) {
			const [kind, container, token, code, last] = line.split(' ');
			if (token === undefined) continue;
			missing.delete(token);
			// A run that began while this was looked at is a newer one.
			if (kind === 'run' && !this.#runs.has(container!)) this.#runs.set(container!, token);
			if (code !== '-') this.#tell(token, { code: Number(code) & 0xff, last: last === 'ended' });
			if (kind === 'run' && last === 'ended') this.sandboxEnded(container!, token);
		}
		// Of these there is nothing there, e.g. because the host was started again.
		for (const token of missing) this.#tell(token, { code: KILLED, last: true });
		for (const [container, token] of this.#runs) if (missing.has(token)) this.sandboxEnded(container, token);
	}
}

/**
 * One line for each process that is known: `run CONTAINER TOKEN CODE ENDED`, `exec ID TOKEN CODE ENDED`, `-` for what is
 * not so yet. A shell that waited and was killed is replaced: by what it would have said, or by another.
 */
function lookScript({ path }: StateDirectory): Script {
	return lines(
		sh`value() { { read -r value <"$1"; } 2>/dev/null && [ -n "$value" ] || value=-; }`,
		sh`waits() { value "$1/runner"; case $(ps -ww -o command= -p "$value" 2>/dev/null) in *"$1"/*) return 0;; esac; return 1; }`,
		sh`for d in ${path}/run/* ${path}/exec/*; do`,
		sh`	[ -f "$d/token" ] && [ -f "$d/runner" ] || continue`,
		sh`	id=\${d##*/}; kind=\${d%/*}; kind=\${kind##*/}`,
		sh`	if ! waits "$d"; then`,
		sh`		[ -s "$d/code" ] || echo ${KILLED} >"$d/code"`,
		sh`		if [ "$kind" = run ] && [ ! -e "$d/ended" ]; then`,
		sh`			if pgrep -j "$id" >/dev/null 2>&1; then daemon -f /bin/sh "$d/watch.sh"; else : >"$d/ended"; fi`,
		sh`		fi`,
		sh`	fi`,
		sh`	ended=-; [ ! -e "$d/ended" ] || ended=ended`,
		sh`	value "$d/token"; token=$value; value "$d/code"`,
		sh`	echo "$kind $id $token $value $ended"`,
		sh`done`,
	);
}
