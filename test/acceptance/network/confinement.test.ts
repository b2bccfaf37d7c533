/** Root in a vnet container has its own network to himself, and nothing of the host's. */
import assert from 'node:assert/strict';
import { mkdirSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { identify, isAlive } from '#os/linux/process.ts';
import { outputOf, run } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { Landscape, type Member } from '#test/testbed/traffic/landscape.ts';
import { ofProcess, type Place } from '#test/testbed/traffic/peer.ts';
import { trespass } from '#test/testbed/traffic/trespasser.ts';
import { withoutUserNamespaces } from '#test/testbed/user-namespaces.ts';

const skip = withoutUserNamespaces;
let land: Landscape;
let one: Member;

before(async () => {
	land = await Landscape.start();
	await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', 'net');
	await land.host.insideOutput('ip', 'link', 'add', BAIT, 'type', 'bridge');
	one = await land.member('one', '-l', 'vnet', '-n', 'net');
});
after(() => land.close());

/** A link of the host. */
const BAIT = 'bait';
/** With all capabilities that there are where the process is: more than the container has. */
const asRootOf = (place: Place): Place => [...place, '--user'];
const inside = (name: string, script: string) => land.host.klee('exec', name, 'sh', '-c', script);
const userOf = (pid: number | string) => readlinkSync(`/proc/${pid}/ns/user`);
const pidOf = (place: Place) => Number(/\d+/.exec(place[1] ?? '')?.[0]);

describe('the network of the host', { skip }, () => {
	test('is not for the root of a vnet container, though its cable leads there', async () => {
		const two = await land.member('two', '-l', 'vnet', '-n', 'net');
		for (const { place } of [one, two])
			assert.deepEqual(
				await trespass(asRootOf(place), BAIT),
				{ RTM_GETLINK: ['EACCES'], RTM_DELLINK: ['EACCES'] },
				'it has a number for one namespace, that of the host, which refuses',
			);
		assert.ok((await land.host.interfaces()).some(({ name }) => name === BAIT));
	});

	test('would be for whoever has the capabilities of the host in it: the attempt itself is a good one', async () => {
		assert.deepEqual(await trespass(one.place, BAIT), { RTM_GETLINK: ['done'], RTM_DELLINK: ['done'] });
		assert.ok(!(await land.host.interfaces()).some(({ name }) => name === BAIT));
	});
});

describe('in a vnet container', { skip }, () => {
	test('its own network is configured and filtered as ever', async () => {
		const script = `set -e
			ip link set epair0b mtu 1400; ip address add 10.9.9.9/32 dev epair0b; ip route add 10.9.0.0/16 dev epair0b
			ip link set epair0b down; ip link set epair0b up; ifconfig epair0b | grep mtu
			ping -c 1 -W 2 10.4.6.1 >/dev/null`;
		const { stdout, stderr, code } = await inside('one', script);
		assert.equal(code, 0, stderr);
		assert.match(stdout, /mtu 1400/);
		for (const words of ['nft add table inet own', 'tc qdisc add dev lo root tbf rate 1mbit burst 10k latency 1ms'])
			await outputOf([...asRootOf(one.place), ...words.split(' ')]);
	});

	test('files have the owners they are given, and devices are used but not made or changed', async () => {
		const script = `cd /tmp; touch f; chown 4000000000:7 f; stat -c %u:%g f; echo x >/dev/null; head -c 2 /dev/zero | wc -c
			mknod d c 1 3; for f in /dev/null /proc/self/fd/0 /dev/tty /proc/keys; do chmod 600 $f; done`;
		const before = statSync('/dev/null').mode;
		const { stdout, stderr } = await inside('one', script);
		assert.match(stdout, /^4000000000:7\n2$/m);
		assert.match(stderr, /mknod: d: Operation not permitted/);
		assert.equal(stderr.match(/Read-only file system/g)?.length, 4, stderr);
		assert.equal(statSync('/dev/null').mode, before);
	});

	test('a standard input that is empty is not the /dev/null of the host, whatever the driver', async () => {
		await land.member('plain', '-l', 'ipnet', '-n', 'net');
		const before = statSync('/dev/null').mode;
		assert.equal((await inside('plain', 'chmod 600 /proc/self/fd/0')).code, 0, 'it is one of the container');
		assert.equal(statSync('/dev/null').mode, before);
	});
});

describe('directories of the host', { skip }, () => {
	let folder: string;
	before(async () => {
		folder = join(land.host.folder, 'shared');
		mkdirSync(folder);
		await outputOf(['mount', '-t', 'tmpfs', '-o', 'nosuid,nodev', 'shared', folder]);
		mkdirSync(join(folder, 'below'));
		await outputOf(['mount', '-t', 'tmpfs', 'below', join(folder, 'below')]);
		for (const place of ['top', 'below/deep']) writeFileSync(join(folder, place), place);
	});
	after(() => run(['umount', '--recursive', folder]));

	test('are mounted with the restrictions they have, and with what is mounted below them', async () => {
		for (const [name, access] of [
			['writer', 'rw'],
			['reader', 'ro'],
		] as const) {
			await land.member(name, '-l', 'vnet', '-m', `${folder}:/mnt:${access}`, '-m', `${folder}/top:/one:ro`);
			const { stdout } = await inside(
				name,
				'cat /mnt/top /mnt/below/deep /one; touch /mnt/w || touch /mnt/below/w && echo wrote',
			);
			assert.match(stdout, access === 'rw' ? /^topbelow\/deeptopwrote$/m : /^topbelow\/deeptop$/m);
			assert.match((await inside(name, 'grep " /mnt " /proc/mounts')).stdout, /nosuid,nodev/);
		}
	});
});

describe('the process that keeps the user namespace', { skip }, () => {
	const keeper = async () => {
		const children = await outputOf(['pgrep', '-P', `${land.host.daemonPid}`, '-f', 'init keeper']);
		return Number(children.trim());
	};

	test('ended by somebody, there is another one for the next container', async () => {
		process.kill(await keeper(), 'SIGKILL');
		await new Promise((resolve) => setTimeout(resolve, 100));
		const next = await land.member('next', '-l', 'vnet', '-n', 'net');
		assert.notEqual(userOf(pidOf(next.place)), userOf('self'));
		assert.notEqual(userOf(pidOf(next.place)), userOf(pidOf(one.place)));
		assert.equal((await inside('one', 'ip address')).code, 0, 'the others go on');
	});

	test('goes with the daemon, also by SIGKILL, and containers outlive both', async () => {
		const last = identify(await keeper());
		assert.ok(last);
		await land.host.stopDaemon('SIGKILL');
		await land.host.startDaemon();
		await eventually('the last keeper is gone', () => !isAlive(last));
		assert.match((await inside('one', 'ping -c 1 10.4.6.1; ip link')).stdout, /1 received[\s\S]*epair0b/);
		const { place } = await land.of('one');
		assert.deepEqual(place, ofProcess(pidOf(one.place)));
		const later = await land.member('later', '-l', 'vnet', '-n', 'net');
		assert.deepEqual((await trespass(asRootOf(later.place), 'lo')).RTM_DELLINK, ['EACCES']);
	});
});

test('other containers are in the user namespace of the host', async () => {
	for (const driver of ['host', 'disabled']) {
		const { place } = await land.member(driver, '-l', driver);
		assert.equal(userOf(pidOf(place)), userOf('self'));
	}
});
