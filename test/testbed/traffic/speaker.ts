import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import type { Place } from './peer.ts';

/** A process in a place that sends and hears datagrams, four minutes at most, as a test. */
export class Speaker {
	/** What it wrote. */
	heard = '';
	readonly #child: ChildProcess;

	/** @param script JavaScript that has `createSocket` and writes what it hears */
	constructor(place: Place, script: string) {
		const program = `const { createSocket } = require('node:dgram'); setTimeout(process.exit, 240_000); ${script}`;
		const [file = '', ...args] = [...place, process.execPath, '-e', program];
		this.#child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
		this.#child.stdout?.on('data', (data: Buffer) => {
			this.heard += data.toString();
		});
	}

	async hears(text: string): Promise<void> {
		for (let tries = 0; !this.heard.includes(text); tries += 1) {
			assert.ok(tries < 1500, `${text} was not heard, but ${this.heard}`);
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	async end(): Promise<void> {
		const gone = new Promise((resolve) => this.#child.once('exit', resolve));
		if (this.#child.exitCode === null && this.#child.kill('SIGKILL')) await gone;
	}
}
