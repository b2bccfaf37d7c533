/** A container that asks for names without end is in the way of nobody who asks for one. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';
import { Landscape } from '#test/testbed/traffic/landscape.ts';
import type { Place } from '#test/testbed/traffic/peer.ts';
import { Speaker } from '#test/testbed/traffic/speaker.ts';

let land: Landscape;
const floods: Speaker[] = [];
before(async () => {
	land = await Landscape.start();
});
after(() => land.close());
afterEach(async () => {
	for (const flood of floods.splice(0)) await flood.end();
	await land.clear();
});

/** A question for `web.kleene`, type A. */
const QUESTION = `const q = Buffer.from('000101000001000000000000' + '03776562' + '066b6c65656e65' + '00' + '00010001', 'hex');`;

/** As fast as it can, until it is ended, over eight sockets. */
async function flood(place: Place, gateway: string): Promise<void> {
	const flood = new Speaker(
		place,
		`${QUESTION} let said = false; for (let n = 0; n < 8; n += 1) { const s = createSocket('udp4').on('error', () => {});
			const some = () => { for (let n = 0; n < 100; n += 1) s.send(q, 53, '${gateway}', () => {});
				if (!said) console.log('flooding'); said = true; setImmediate(some); }; s.bind(0, some); }`,
	);
	floods.push(flood);
	await flood.hears('flooding');
}

/** @returns milliseconds until each of twenty questions was answered; 5000 for none */
async function lookUp(place: Place, gateway: string): Promise<number[]> {
	const script = `const { createSocket } = require('node:dgram'); ${QUESTION} const times = [];
		const next = () => { if (times.length === 20) { console.log(JSON.stringify(times)); process.exit(); }
			const s = createSocket('udp4'); const start = performance.now();
			const done = (time) => { clearTimeout(late); s.close(); times.push(Math.round(time)); next(); };
			const late = setTimeout(() => done(5000), 5000);
			s.on('message', () => done(performance.now() - start)); s.send(q, 53, '${gateway}'); }; next();`;
	return JSON.parse(await outputOf([...place, process.execPath, '-e', script])) as number[];
}

for (const driver of ['vnet', 'ipnet'])
	test(`neighbours of an ${driver} container that floods its resolver are answered, on its network and on another`, async (t) => {
		await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
		await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', 'other');
		const noisy = await land.member('noisy', '-l', driver, '-n', 'net');
		const near = await land.member('web', '-l', 'vnet', '-n', 'net');
		const far = await land.member('far', '-l', 'vnet', '-n', 'other');
		await flood(noisy.place, '10.4.6.1');
		const [nearTimes, farTimes] = [await lookUp(near.place, '10.4.6.1'), await lookUp(far.place, '10.4.7.1')];
		t.diagnostic(`longest: ${Math.max(...nearTimes)} ms on the same network, ${Math.max(...farTimes)} ms on another`);
		// A lost question costs the five seconds after which the C library asks again; a busy machine costs less.
		for (const times of [nearTimes, farTimes]) assert.ok(Math.max(...times) < 4000, times.join(' '));
		assert.equal((await land.host.klee('lsc')).code, 0);
	});
