/**
 * Points of failure in a kleened on Linux: before and after each step on the host, and each change of the database. On
 * request the process kills itself at one of them, or a step fails there. Part of the tests: no program of Kleene loads it.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { KleeneError } from '#errors/kleene-error.ts';
import { type ApplyOptions, applyInOrder, type RunRequest } from '#host/driver.ts';
import { LinuxHost } from '#host/linux/driver.ts';
import { identityOf } from '#model/part.ts';
import type { Step } from '#model/step.ts';

/** Names of files in the folder that daemon and test share. */
export const RECORD = 'record';
export const ORDER = 'order';

/** Written by the test; counted from when the daemon sees it first. */
export interface Order {
	/** Another one for each order. */
	readonly id: number;
	/** The daemon is killed at the point with this number, from 0. */
	readonly die?: number;
	/** Steps with these numbers, from 0, fail. */
	readonly fail?: readonly number[];
}

/** To be called once, before the daemon starts. @param folder that daemon and test share */
export function installFaultPoints(folder: string): void {
	let current: Order | undefined;
	let [points, steps] = [0, 0];

	const order = (): Order | undefined => {
		const file = join(folder, ORDER);
		const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
		const found = text === '' ? undefined : (JSON.parse(text) as Order);
		if (found?.id !== current?.id) [points, steps] = [0, 0];
		current = found;
		return found;
	};
	const pass = (point: string): void => {
		const { die } = order() ?? {};
		appendFileSync(join(folder, RECORD), `${point}\n`);
		if (points++ === die) process.kill(process.pid, 'SIGKILL');
	};
	const requireUnfailing = ({ verb, part }: Step): void => {
		if (!order()?.fail?.includes(steps++)) return;
		const what = `cannot ${verb} ${identityOf(part)}`;
		appendFileSync(join(folder, RECORD), `failed ${verb} ${identityOf(part)}\n`);
		throw new KleeneError({ code: 'HOST_FAILED', what, why: 'it was told to fail', hint: 'try again' });
	};
	pierceHost(pass, requireUnfailing);
	pierceDatabase(pass);
}

function pierceHost(pass: (point: string) => void, requireUnfailing: (step: Step) => void): void {
	const { apply, run } = LinuxHost.prototype;
	LinuxHost.prototype.apply = function (this: LinuxHost, steps: readonly Step[], options: ApplyOptions = {}) {
		const { onDone: _, onFailure: __, keepGoing: ___, ...own } = options;
		return applyInOrder(steps, options, async (step) => {
			const name = `${step.verb} ${identityOf(step.part)}`;
			pass(`before ${name}`);
			requireUnfailing(step);
			await apply.call(this, [step], own);
			pass(`after ${name}`);
		});
	};
	LinuxHost.prototype.run = async function (this: LinuxHost, request: RunRequest) {
		pass(`before run ${request.container}`);
		const process = await run.call(this, request);
		pass(`after run ${request.container}`);
		return process;
	};
}

function pierceDatabase(pass: (point: string) => void): void {
	const { exec } = DatabaseSync.prototype;
	DatabaseSync.prototype.exec = function (this: DatabaseSync, sql: string) {
		if (sql !== 'COMMIT') return exec.call(this, sql);
		pass('before commit');
		exec.call(this, sql);
		pass('after commit');
	};
	const { run } = StatementSync.prototype;
	StatementSync.prototype.run = function (this: StatementSync, ...values: Parameters<typeof run>) {
		pass('before write');
		return run.apply(this, values);
	} as typeof run;
}
