/** Coming back to the first process of a container: by another daemon, with and without a terminal, several at once. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { withoutSshd } from '#test/os/shell/sshd.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { first, here, JAIL, overSsh, spec, Watched } from './runner-place.ts';

const again = { kind: 'reattach', container: JAIL } as const;

for (const [way, open, skip] of [
	['here', here, false],
	['over ssh', overSsh, withoutSshd],
] as const) {
	test(`${way}: output from now on for several, and the exit code`, { skip }, async (t) => {
		const place = await open(t);
		const go = join(place.there.directory, 'go');
		const command = `echo before; while [ ! -e ${go} ]; do echo tick; echo tock >&2; sleep 0.05; done; echo out; echo err >&2; exit 7`;
		const running = await place.runner.run({ ...first, attach: false }, spec(command));
		const one = await place.runner.run(again);
		const other = await place.runner.run(again);
		const seen = [new Watched(one), new Watched(other)];
		await eventually('both see both streams, which are opened one after the other', () =>
			seen.every(({ stdout, stderr }) => stdout.includes('tick') && stderr.includes('tock')),
		);
		other.detach();
		writeFileSync(go, '');
		assert.deepEqual(await Promise.all([one.ended, running.ended].map(async (end) => (await end).code)), [7, 7]);
		assert.match(seen[0]?.stdout ?? '', /tick\nout\n$/);
		assert.match(seen[0]?.stderr ?? '', /tock\nerr\n$/);
		assert.doesNotMatch(seen[1]?.stdout ?? '', /out/);
		await assert.rejects(place.runner.run(again), { code: 'CONTAINER_NOT_RUNNING' });
	});

	test(`${way}: a process that nobody was attached to waits for input, beyond a daemon, until that is ended`, {
		skip,
	}, async (t) => {
		const place = await open(t);
		const command = 'while read line; do echo "got $line"; done; echo over; exit 4';
		const running = await place.runner.run({ ...first, attach: false }, spec(command, { stdin: true }));
		running.ended.catch(() => {});
		const back = await place.runner.run(again);
		const seen = new Watched(back);
		back.write(Buffer.from('one\n'));
		await eventually('it has read', () => seen.stdout === 'got one\n');
		back.detach();
		await place.runner.close();
		const next = await place.another();
		const last = await next.runner.run(again);
		const after = new Watched(last);
		await eventually('answer', () => {
			last.write(Buffer.from('two\n'));
			return after.stdout.includes('got two');
		});
		assert.doesNotMatch(after.stdout, /over/);
		last.endInput();
		assert.equal((await last.ended).code, 4);
		assert.match(after.stdout, /over\n$/);
		await eventually('end of the container', () => next.ends.length === 1);
	});

	test(`${way}: a terminal is taken up by the next daemon, with its input and its size`, { skip }, async (t) => {
		const place = await open(t);
		const command =
			'stty -echo; echo ready; while read line; do echo "got $line"; [ "$line" != size ] || stty size; [ "$line" != end ] || exit 3; done';
		const running = await place.runner.run({ ...first, attach: true }, spec(command, { tty: true, stdin: true }));
		const before = new Watched(running);
		await eventually('ready', () => before.stdout.includes('ready'));
		await place.runner.close();
		const next = await place.another();
		const back = await next.runner.run({ ...again, size: { rows: 21, columns: 84 } });
		const seen = new Watched(back);
		// What passes at the moment in which a session takes over may be lost, see docs/freebsd.md.
		await eventually('answer', () => {
			back.write(Buffer.from('hello\r'));
			return seen.stdout.includes('got hello');
		});
		await eventually('size', () => {
			back.write(Buffer.from('size\r'));
			return seen.stdout.includes('21 84');
		});
		back.write(Buffer.from('end\r'));
		assert.equal((await back.ended).code, 3);
		await eventually('end of the container', () => next.ends.length === 1);
		assert.ok(!existsSync(join(place.there.directory, 'nothing')));
	});
}
