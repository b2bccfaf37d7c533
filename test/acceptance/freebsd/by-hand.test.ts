/**
 * What an administrator may do to the host by hand: pf is disabled, emptied, restarted; a cable and a bridge are destroyed.
 * `klee network doctor` sees each of them, and everything is back afterwards. pf of the host is left as it was found.
 */
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import type { FreebsdUnderTest } from '#test/testbed/freebsd/contract.ts';
import { startFreebsdUnderTest, withoutFreebsd } from '#test/testbed/freebsd/under-test.ts';

let host: FreebsdUnderTest;

const reaches = async (from: string, address: string) =>
	(await host.klee('exec', from, ...host.ping(address))).code === 0;

async function byHand(text: string): Promise<void> {
	const { code, stderr } = await host.sh(text);
	assert.equal(code, 0, `${text}: ${stderr}`);
}

/** Doctor finds something, mends it, and then finds nothing. */
async function requireMended(what: string): Promise<void> {
	const seen = await host.klee('network', 'doctor');
	assert.equal(seen.code, 1, `${what} is not seen: ${seen.stdout}`);
	await host.klee('network', 'doctor', '--repair');
	await requireSound(what);
}

async function requireSound(what: string): Promise<void> {
	const doctor = await host.klee('network', 'doctor');
	assert.equal(doctor.code, 0, `${what}: ${doctor.stdout}${doctor.stderr}`);
	assert.ok(await reaches('one', '10.4.6.1'), `${what}: the gateway answers`);
	assert.ok(await reaches('one', '10.4.6.3'), `${what}: the other member answers`);
}

describe('by hand', { skip: withoutFreebsd }, () => {
	before(async () => {
		host = await startFreebsdUnderTest();
		await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
		for (const [name, address] of [['one', '10.4.6.2'] as const, ['two', '10.4.6.3'] as const]) {
			const place = ['-l', 'vnet', '-n', 'net', '--ip', address, '--name', name];
			await host.kleeOutput('run', '-d', ...place, host.image, 'sleep', '3600');
		}
		await requireSound('at first');
	});
	afterEach(async () => {
		await host.sh('pfctl -q -f /etc/pf.conf; pfctl -q -e; true');
	});
	after(() => host.close());

	test('pf that is disabled and enabled again has all rules', { timeout: 300_000 }, async () => {
		await byHand('pfctl -d');
		await byHand('pfctl -e');
		await requireSound('pfctl -d, pfctl -e');
	});

	test('rules that were flushed come back', { timeout: 300_000 }, async () => {
		await byHand(`for a in $(pfctl -a kleene -s Anchors); do pfctl -a "$a" -F all; done`);
		await requireMended('pfctl -a kleene/... -F all');
	});

	test('after pfctl -F all and a restart of pf all rules are there', { timeout: 300_000 }, async () => {
		await byHand('pfctl -F all');
		await byHand('service pf restart');
		await host.klee('network', 'doctor', '--repair');
		await requireSound('pfctl -F all, service pf restart');
	});

	test('a cable that was destroyed is back', { timeout: 300_000 }, async () => {
		const [cable] = (await host.interfaces()).filter(({ name }) => /^epair\d+a$/.test(name));
		await byHand(`ifconfig ${cable?.name} destroy`);
		await requireMended('a destroyed cable');
	});

	test('a bridge that was destroyed is back, with its members', { timeout: 300_000 }, async () => {
		const members = async () => (await host.interfaces()).filter(({ bridge }) => bridge === 'kleene0').length;
		assert.equal(await members(), 2);
		await byHand('ifconfig kleene0 destroy');
		await requireMended('a destroyed bridge');
		await eventually('both are members', async () => (await members()) === 2);
	});
});
