/** The test's end of probed-shell.ts: counts what a daemon sent to its host, and says when it is to die. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FATE, lengthOf, type Moment, RECORD } from './probed-shell.ts';

export class Probe {
	/** For the daemon's option `--probe`. */
	readonly folder: string;

	constructor(folder: string) {
		this.folder = folder;
		mkdirSync(folder, { recursive: true });
	}

	/** Moments so far. */
	get length(): number {
		return lengthOf(join(this.folder, RECORD));
	}

	/** Moments after the first `length` ones, each with the names of the steps that it is about. */
	since(length: number): { readonly moment: Moment; readonly about: string }[] {
		const lines = readFileSync(join(this.folder, RECORD), 'utf8').split('\n').slice(length, -1);
		return lines.map((line) => {
			const [moment = '', ...about] = line.split(' ');
			return { moment: moment as Moment, about: about.join(' ') };
		});
	}

	/** Exchanges and sessions among the moments after the first `length` ones. */
	visitsSince(length: number): number {
		return this.since(length).filter(({ moment }) => moment === 'sent' || moment === 'session').length;
	}

	/** @param moment the daemon dies at this one, counted from now, from 1 */
	dieAt(moment: number): void {
		writeFileSync(join(this.folder, FATE), `${this.length} ${moment}`);
	}

	live(): void {
		rmSync(join(this.folder, FATE), { force: true });
	}
}
