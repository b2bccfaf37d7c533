import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { lookUp } from './users.ts';

const root = mkdtempSync(join(tmpdir(), 'kleene-users-'));
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'etc'));
writeFileSync(
	join(root, 'etc/passwd'),
	`root:x:0:0::/root:/bin/sh\nana:x:1001:1002::/home/ana:/bin/dash\n5:x:77:77::/five:\nhuge:x:4294967295:0:::\nfar:x:9:9::/${'x'.repeat(5000)}:\n`,
);
writeFileSync(join(root, 'etc/group'), 'root:x:0:\nana:x:1002:\ncrew:x:1003:bob,ana\nmore:x:1004:ana\n');

test('names and numbers, with and without a group', async () => {
	const superuser = { uid: 0, gid: 0, groups: [], name: 'root', home: '/root', shell: '/bin/sh' };
	assert.deepEqual(await lookUp(root, ''), superuser);
	assert.deepEqual(await lookUp(join(root, 'etc'), 'root'), superuser, 'without any users');
	const ana = { uid: 1001, name: 'ana', home: '/home/ana', shell: '/bin/dash' };
	assert.deepEqual(await lookUp(root, 'ana'), { ...ana, gid: 1002, groups: [1003, 1004] });
	assert.deepEqual(await lookUp(root, '1001'), await lookUp(root, 'ana'));
	assert.deepEqual(await lookUp(root, 'ana:crew'), { ...ana, gid: 1003, groups: [] });
	const none = { uid: 42, gid: 43, groups: [], name: '42', home: '/', shell: '/bin/sh' };
	assert.deepEqual(await lookUp(root, '42:43'), none);
	assert.equal((await lookUp(root, '5')).uid, 77, 'a name of digits is a name first');
	assert.equal((await lookUp(root, 'far')).home, '/', 'a home that is too long');
});

test('whoever is not there is refused by name', async () => {
	for (const user of ['bob', 'ana:nogroup', '-1', '4294967295', 'huge', '1001x', ':'])
		await assert.rejects(lookUp(root, user), { code: 'COMMAND_FAILED' }, user);
});

test('links do not lead out of the root', async () => {
	const inner = mkdtempSync(join(tmpdir(), 'kleene-users-'));
	try {
		symlinkSync('/etc', join(inner, 'etc'));
		await assert.rejects(lookUp(inner, 'daemon'), { code: 'COMMAND_FAILED' });
		rmSync(join(inner, 'etc'));
		mkdirSync(join(inner, 'etc'));
		symlinkSync('../../../../../../etc/passwd', join(inner, 'etc/passwd'));
		await assert.rejects(lookUp(inner, 'daemon'), { code: 'COMMAND_FAILED' });
		assert.equal((await lookUp(inner, '12')).uid, 12);
	} finally {
		rmSync(inner, { recursive: true });
	}
});

/** Turns that the event loop takes while something goes on. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
	let [turns, done] = [0, false];
	work.then(
		() => (done = true),
		() => (done = true),
	);
	for (; !done; turns += 1) await new Promise((resolve) => setImmediate(resolve));
	return turns;
}

test('files of any content are read a piece at a time, and others have their turn in between', async () => {
	const inner = mkdtempSync(join(tmpdir(), 'kleene-users-'));
	const MiB = 1024 * 1024;
	try {
		mkdirSync(join(inner, 'etc'));
		const passwd = (text: string) => writeFileSync(join(inner, 'etc/passwd'), text);
		for (const filler of ['\n', 'x', ':', 'x:\n']) {
			passwd(`${filler.repeat(Math.floor((4 * MiB - 64) / filler.length))}\nana:x:7:7::/:\n`);
			const looking = lookUp(inner, 'ana');
			assert.ok((await turnsDuring(looking)) >= 200, JSON.stringify(filler));
			assert.equal((await looking).uid, 7, JSON.stringify(filler));
		}
		passwd(`${'\n'.repeat(4 * MiB)}ana:x:7:7::/:\n`);
		await assert.rejects(lookUp(inner, 'ana'), { code: 'COMMAND_FAILED', why: /has 41943\d+ bytes/ });
		passwd('ana:x:7:7::/:\n');
		writeFileSync(join(inner, 'etc/group'), Array.from({ length: 2000 }, (_, id) => `g${id}:x:${id}:ana\n`).join(''));
		await assert.rejects(lookUp(inner, 'ana'), { code: 'COMMAND_FAILED', why: /more than 1024 groups/ });
		assert.equal((await lookUp(inner, 'ana:g1999')).gid, 1999);
	} finally {
		rmSync(inner, { recursive: true });
	}
});
