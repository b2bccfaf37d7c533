import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { factsOf } from '#host/freebsd/facts.ts';
import { Paths } from '#host/freebsd/paths.ts';
import { explainJail, parseJails } from '#os/freebsd/jail.ts';
import { parseMounts } from '#os/freebsd/mount.ts';
import { countProcesses } from '#os/freebsd/ps.ts';
import { explainZfs, parseDatasets, rowsOf } from '#os/freebsd/zfs.ts';

interface Recording {
	readonly argv: readonly string[];
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
}

const DIRECTORY = join(import.meta.dirname, 'jail-recordings');

/** What a FreeBSD 13.2 host answered, by the number of the recording. */
function recorded(number: string): Recording {
	const name = readdirSync(DIRECTORY).find((one) => one.startsWith(`${number}-`));
	assert.ok(name, number);
	return JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8'));
}

const ROOT = '/zroot/kleene/container/aaaabbbbcccc';

test('jails, with numbers as numbers or as text, with addresses, and none', () => {
	const jail = { jid: 1, name: 'aaaabbbbcccc', path: ROOT, addresses: [] };
	assert.deepEqual(parseJails(recorded('032').stdout), [jail]);
	assert.deepEqual(parseJails(recorded('033').stdout), [jail]);
	assert.deepEqual(parseJails(recorded('060').stdout), [{ ...jail, jid: 2, addresses: ['10.2.3.1'] }]);
	assert.deepEqual(parseJails(recorded('034').stdout), []);
});

test('mounts in their order, stacked ones as often as they are there', () => {
	const mounts = parseMounts(recorded('054').stdout);
	assert.equal(mounts.length, 10);
	assert.deepEqual(mounts.at(-1), { source: 'devfs', target: `${ROOT}/dev`, type: 'devfs', readOnly: false });
	const nullfs = { source: '/root', target: `${ROOT}/mnt`, type: 'nullfs', readOnly: true };
	assert.deepEqual(parseMounts(recorded('129').stdout), [nullfs]);
});

test('datasets and snapshots', () => {
	const rows = rowsOf(recorded('030').stdout);
	assert.deepEqual(rows[2]?.slice(0, 2), ['zroot/kleene/container/aaaabbbbcccc', 'filesystem']);
	assert.equal(rows[2]?.[5], 'zroot/kleene/image/base@image');
	assert.equal(rows.length, 7);
	const [first, second] = parseDatasets('zroot/kleene\t/zroot/kleene\tyes\t-\nzroot/x\tlegacy\tno\tone\n');
	assert.deepEqual(first, { name: 'zroot/kleene', mountPoint: '/zroot/kleene', mounted: true, property: '' });
	assert.deepEqual(second, { name: 'zroot/x', mountPoint: 'legacy', mounted: false, property: 'one' });
});

test('processes by jail, without those that only wait to be heard of', () => {
	assert.deepEqual(
		[...countProcesses('    0 Is\n    7 S\n    7 Z\n   12 R+J\n    9 Z+\n')],
		[
			[0, 1],
			[7, 1],
			[12, 1],
		],
	);
	assert.equal(countProcesses(recorded('121').stdout).size, 0);
});

test('what the tools of the host refuse comes with a reason and a way out', () => {
	const explained = (number: string) => {
		const { stderr, exitCode } = recorded(number);
		assert.notEqual(exitCode, 0);
		return explainJail(stderr) ?? explainZfs(stderr);
	};
	assert.deepEqual(explained('046'), {
		code: 'INVALID_ARGUMENT',
		why: 'jail(8) of this host has no parameter allow.nonsense',
		hint: 'see "man 8 jail" on the host, or leave it out',
	});
	const reasons = {
		'029': /zroot\/kleene\/container\/aaaabbbbcccc already exists/,
		'034': /no jail nosuch/,
		'039': /no command nosuchcommand/,
		'040': /no jail nosuch/,
		'041': /no user nobodyhere/,
		'045': /name aaaabbbbcccc already exists/,
		'053': /no jail aaaabbbbcccc/,
		'079': /container\/aaaabbbbcccc is in use/,
		'080': /container\/aaaabbbbcccc is in use/,
		'081': /is gone/,
		'140': /image\/base is no clone/,
	};
	for (const [number, reason] of Object.entries(reasons))
		assert.match(explained(number)?.why ?? 'nothing', reason, number);
	assert.equal(explainJail(recorded('133').stderr), undefined);
	const clones = "cannot destroy 'zroot/kleene/image/a': filesystem has dependent clones\nuse '-R' to destroy";
	assert.equal(explainZfs(clones)?.code, 'IN_USE');
});

test('a host says what it is and lacks, and another system is refused', () => {
	const paths = new Paths('zroot/kleene');
	const { parse } = factsOf(paths, ['pf is off']);
	const said =
		'system\tFreeBSD\nkernel\tFreeBSD 13.2-RELEASE amd64\nrelease\t13.2-RELEASE-p4\nvimage\t1\nracct\t0\ndevfs\t1\nflua\t1\n';
	const facts = parse(said);
	assert.equal(facts.release, 'FreeBSD 13.2-RELEASE-p4');
	assert.equal(facts.places.layers, 'zroot/kleene/layer');
	assert.deepEqual(
		facts.lacking.map((line) => line.split(/[ :]/)[0]),
		['resource', 'it', 'pf'],
	);
	assert.match(parse(said.replace('vimage\t1', 'vimage\t0')).lacking[0] ?? '', /VIMAGE/);
	assert.throws(() => parse('system\tLinux\n'), { code: 'CONFIG_INVALID' });
});
