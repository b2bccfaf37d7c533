/** The simulated host answers as the recorded one did, where Kleene looks. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Outcome, run } from '#test/testbed/command.ts';
import { FarHost } from './far-host.ts';

let host: FarHost;
before(async () => {
	host = await FarHost.start();
});
after(() => host.close());

function sh(text: string): Promise<Outcome> {
	return run(['/bin/sh', '-c', text], { env: { PATH: `${host.bin}:/usr/sbin:/usr/bin:/sbin:/bin` } });
}

test('a vnet jail with a cable on a bridge, and its end', async () => {
	const made = await sh(`set -e
		zfs create zroot/kleene; zfs create zroot/kleene/image; zfs create zroot/kleene/image/base
		zfs snapshot zroot/kleene/image/base@image; zfs create zroot/kleene/container
		zfs clone zroot/kleene/image/base@image zroot/kleene/container/aaaabbbbcccc
		ifconfig bridge create name kleene1; ifconfig kleene1 inet 10.4.6.1/24 alias; ifconfig kleene1 up
		ifconfig epair0 create; ifconfig kleene1 addm epair0a; ifconfig epair0a up
		jail -c path=/zroot/kleene/container/aaaabbbbcccc name=aaaabbbbcccc vnet persist mount.devfs=true
		ifconfig epair0b vnet aaaabbbbcccc
		jexec aaaabbbbcccc ifconfig epair0b inet 10.4.6.2/24 up
		jexec aaaabbbbcccc route add -inet default 10.4.6.1
		jexec -l -U root aaaabbbbcccc /usr/bin/env A=b sh -c 'echo $A; exit 7' || echo "exit $?"
		jexec aaaabbbbcccc ping -c 1 10.4.6.1 >/dev/null`);
	assert.equal(made.code, 0, made.stderr);
	assert.equal(made.stdout, 'kleene1\nepair0a\nadd net default: gateway 10.4.6.1\nb\nexit 7\n');
	const ended = await sh(`ifconfig epair0b -vnet aaaabbbbcccc; jail -r aaaabbbbcccc; ifconfig -l
		zfs destroy -r zroot/kleene/container/aaaabbbbcccc; echo $?
		umount /zroot/kleene/container/aaaabbbbcccc/dev; ifconfig epair0a destroy; ifconfig -l`);
	assert.match(ended.stdout, /epair0b/);
	assert.match(ended.stdout, /vtnet0 lo0 kleene1\n$/);
});

test('refusals have the words and codes of the recordings', async () => {
	const refused: [string, number, RegExp][] = [
		['ifconfig nosuch0', 1, /interface nosuch0 does not exist/],
		['jls -v --libxo json -j nosuch', 1, /jail "nosuch" not found/],
		['jail -c path=/ name=bad persist allow.nonsense=true', 1, /unknown parameter: allow\.nonsense/],
		['pgrep -j nosuch', 1, /^$/],
		['zfs destroy -r zroot/nosuch', 1, /dataset does not exist/],
	];
	for (const [command, code, stderr] of refused) {
		const outcome = await sh(command);
		assert.equal(outcome.code, code, command);
		assert.match(outcome.stderr, stderr);
	}
});
