/**
 * The way of a kleened to its FreeBSD host, with a record of what goes over it. On request the daemon kills itself at one of
 * the moments that are recorded, which is how a crash at that moment looks to the host: what was sent there goes on.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Script } from '#os/shell/quote.ts';
import type { ConnectionState, ExchangeOptions, Section, SectionResult, Shell, ShellSession } from '#os/shell/shell.ts';

/** Names of files in the folder that daemon and test share. */
export const RECORD = 'record';
export const FATE = 'fate';

/**
 * `sent`: an exchange is on its way. `told` and `known`: a step is done there, before and after the engine hears of it.
 * `over`: the exchange is. `session`: a script with streams of its own has begun.
 */
export type Moment = 'sent' | 'told' | 'known' | 'over' | 'session';

export class ProbedShell implements Shell {
	readonly #shell: Shell;
	readonly #folder: string;

	constructor(shell: Shell, folder: string) {
		this.#shell = shell;
		this.#folder = folder;
	}

	async exchange(sections: readonly Section[], options: ExchangeOptions = {}): Promise<SectionResult[]> {
		const names = sections.map(({ name }) => name).join(' ');
		const onSection = (done: number, result: SectionResult): void => {
			this.#pass('told', result.name);
			options.onSection?.(done, result);
			this.#pass('known', result.name);
		};
		const outcome = this.#shell.exchange(sections, { ...options, onSection });
		// Its error is the caller's.
		outcome.catch(() => {});
		await new Promise((resolve) => setImmediate(resolve));
		this.#pass('sent', names);
		const results = await outcome;
		this.#pass('over', names);
		return results;
	}

	async open(script: Script): Promise<ShellSession> {
		const session = await this.#shell.open(script);
		this.#pass('session', '');
		return session;
	}

	onConnection(listener: (state: ConnectionState) => void): void {
		this.#shell.onConnection(listener);
	}

	close(): Promise<void> {
		return this.#shell.close();
	}

	#pass(moment: Moment, about: string): void {
		appendFileSync(join(this.#folder, RECORD), `${moment} ${about}\n`);
		const fate = join(this.#folder, FATE);
		if (!existsSync(fate)) return;
		const [past = 0, last = 0] = readFileSync(fate, 'utf8').split(' ').map(Number);
		if (lengthOf(join(this.#folder, RECORD)) - past >= last) process.kill(process.pid, 'SIGKILL');
	}
}

/** In lines. */
export function lengthOf(file: string): number {
	return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
}
