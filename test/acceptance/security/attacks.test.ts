/** Root in a container of each driver tries everything in the table, and gets what docs/security.md says. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import { Speaker } from '#test/testbed/traffic/speaker.ts';
import { withoutUserNamespaces } from '#test/testbed/user-namespaces.ts';
import { DRIVERS, type Driver, expectedOf, PROGRAM, provideProgram, scriptFor } from './attack.ts';
import { PROVEN } from './attacks/proven.ts';
import { ATTACKS, withTables } from './table.ts';

const TESTS = join(import.meta.dirname, '../..');
const DOCUMENT = join(TESTS, '../docs/security.md');
const HOST_NAME = 'kleene-attacked';

/** Files of the machine that attacks are aimed at. */
const TARGETS = ['/etc/hosts', '/etc/passwd', '/proc/sys/kernel/core_pattern', '/proc/sys/vm/overcommit_memory'];
const digest = () => TARGETS.map((path) => createHash('sha256').update(readFileSync(path)).digest('hex'));

describe('what root in a container tries against the host', () => {
	let land: Landscape;
	let program: string;
	let listener: Speaker;

	before(async () => {
		land = await Landscape.start();
		program = await provideProgram();
		await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
		writeFileSync(join(land.host.folder, 'secret'), 'secret');
		const script = `require('node:net').createServer((s) => s.end()).listen('\\0${HOST_NAME}', () => console.log('ready'));`;
		listener = new Speaker(land.hostPlace, script);
		await listener.hears('ready');
	});
	after(async () => {
		await listener?.end();
		await land?.close();
	});

	async function outcomesOf(driver: Driver): Promise<string[]> {
		const network = driver === 'vnet' || driver === 'ipnet' ? ['-n', 'net'] : [];
		await land.member(driver, '-l', driver, ...network, '-m', `${program}:${PROGRAM}:ro`);
		const script = scriptFor(ATTACKS)
			.replaceAll('HOST_PID', `${land.host.daemonPid}`)
			.replaceAll('HOST_FILE', join(land.host.folder, 'secret').slice(1))
			.replaceAll('HOST_NAME', HOST_NAME);
		const { stdout, stderr, code } = await land.host.klee('exec', driver, 'sh', '-c', script);
		assert.equal(code, 0, stderr);
		return [...stdout.matchAll(/^\d+ (.*)$/gm)].map(([, outcome = '']) => outcome);
	}

	for (const driver of DRIVERS)
		test(`in a container with the ${driver} driver`, {
			skip: driver === 'vnet' && withoutUserNamespaces,
		}, async (context) => {
			const before = digest();
			const links = await land.host.interfaces();
			const outcomes = await outcomesOf(driver);
			context.diagnostic(`${outcomes.length} inputs, seed 0`);
			const told = ATTACKS.map(({ what }, index) => `${what}: ${outcomes[index]}`);
			assert.deepEqual(
				told,
				ATTACKS.map((attack) => `${attack.what}: ${expectedOf(attack, driver)}`),
			);
			assert.deepEqual(digest(), before, 'files of the host are as they were');
			const names = (all: typeof links) => all.map(({ name }) => name).filter((name) => !name.startsWith('epair'));
			assert.deepEqual(names(await land.host.interfaces()), names(links), 'interfaces are as they were');
			assert.equal((await land.host.klee('network', 'doctor')).code, 0);
		});
});

test('docs/security.md has these attacks, and there are tests for all others that it names', () => {
	const document = readFileSync(DOCUMENT, 'utf8');
	assert.equal(withTables(document), document, 'run "node test/acceptance/security/write-table.ts"');
	for (const {
		test: [file, title],
	} of PROVEN) {
		const path = join(TESTS, file);
		assert.ok(existsSync(path) && readFileSync(path, 'utf8').includes(title), `${file} has a test "${title}"`);
	}
});
