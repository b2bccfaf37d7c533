/** The kills of test/acceptance/freebsd, on the FreeBSD host made of scripts, at as many moments as the time is for. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { Budget, Figures, Part } from './part.ts';

const FILE = new URL('../acceptance/freebsd/killed.test.ts', import.meta.url).pathname;
/** Milliseconds for a kill with the start of the next daemon, and operations that are killed in. */
const EACH = 6000;
const OPERATIONS = 3;

export const freebsdKills: Part = {
	name: 'freebsd-kills',
	what:
		'kill -9 of kleened before and after the steps of an exchange with FreeBSD, while the host goes on; on a stand-in, or a ' +
		'real host with KLEENE_TEST_HOST',
	minutes: 10,
	run: killAll,
};

async function killAll(budget: Budget): Promise<Figures> {
	const kills = Math.max(2, Math.floor(budget.milliseconds / EACH / OPERATIONS));
	const env = {
		KLEENE_TEST_HOST: 'far',
		...process.env,
		KLEENE_TEST_KILLS: String(kills),
		NODE_TEST_CONTEXT: undefined,
	};
	const words = ['--test', '--test-reporter=tap', FILE];
	const child = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
	const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
	const moments = output.match(/^ *# \w+, moment \d+ of \d+/gm) ?? [];
	const failed = output.match(/^ *(not ok .*|error: .*)$/gm) ?? [];
	const failures = code === 0 ? [] : failed.map((line) => line.trim());
	return { injected: moments.length, failures };
}
