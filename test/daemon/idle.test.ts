/** A daemon that is idle gives memory back, and answers as before. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mock, test } from 'node:test';
import { whenIdle } from '#daemon/process/idle.ts';
import { cleanFileMappings, giveBackMemory } from '#os/linux/accounting/resident-memory.ts';

test('after work comes one idle moment, and the next one after more work', () => {
	mock.timers.enable({ apis: ['setInterval'] });
	let [count, spent] = [0, 0];
	const work = (milliseconds: number) => {
		spent += milliseconds * 1000;
	};
	const used = (since?: { readonly user: number }) => ({ user: spent - (since?.user ?? 0), system: 0 });
	const end = whenIdle(() => {
		count += 1;
		work(150);
	}, used);
	const pass = (seconds: number) => mock.timers.tick(seconds * 1000);
	try {
		pass(5);
		assert.equal(count, 0, 'it may go on');
		pass(5);
		assert.equal(count, 1);
		pass(60);
		assert.equal(count, 1, 'the work of that moment counts for nothing');
		work(300);
		pass(10);
		assert.equal(count, 1);
		pass(5);
		assert.equal(count, 2);
	} finally {
		end();
		mock.timers.reset();
	}
});

test('programs go on where their pages were unmapped', () => {
	const resident = () => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
	const before = resident();
	giveBackMemory();
	assert.ok(resident() < before - 5_000, `${before} kB, then ${resident()} kB`);
	assert.equal(JSON.parse(JSON.stringify({ a: [1] })).a[0], 1);
});

test('only mappings of files without a page of their own are given back', () => {
	const mapping = (head: string, dirty: number) =>
		`${head}\nRss: 8 kB\nPrivate_Dirty: ${dirty} kB\nAnonymous: ${dirty} kB\nLocked: 0 kB`;
	const smaps = [
		mapping('00400000-00402000 r-xp 00000000 fe:00 53 /usr/bin/node', 0),
		mapping('00500000-00502000 r--p 00000000 fe:00 53 /usr/bin/node', 4),
		mapping('00600000-00602000 rw-p 00000000 fe:00 53 /usr/bin/node', 0),
		mapping('00700000-00702000 r-xp 00000000 00:00 0 [vdso]', 0),
	].join('\n');
	assert.deepEqual(cleanFileMappings(smaps), [{ address: 0x400000, bytes: 0x2000 }]);
});
