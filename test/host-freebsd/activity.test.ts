/** Processes and resources of jails, from output in the form of FreeBSD's manual pages. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changesSection } from '#host/freebsd/activity/changes.ts';
import { diskUsageSection } from '#host/freebsd/activity/disk-usage.ts';
import { processesSection } from '#host/freebsd/activity/processes.ts';
import { countersSection, usageOf, usageSection } from '#host/freebsd/activity/usage.ts';
import { Paths } from '#host/freebsd/paths.ts';

const PS = `  701     1    0 Ss     0:00.02   2300    3661 /bin/sh /etc/rc
  702   701 1001 I    1:02:03.50  4096      61 nginx: worker  process
`;

test('processes of a jail', () => {
	const [first, second] = processesSection('0123456789ab').parse(PS);
	const shared = { uid: 0, state: 'Ss', cpu: 0.02, memory: 2300 * 1024, elapsed: 3661, command: '/bin/sh /etc/rc' };
	assert.deepEqual(first, { pid: 701, hostPid: 701, parent: 0, ...shared });
	assert.equal(second?.parent, 701);
	assert.equal(second?.cpu, 3723.5);
	assert.equal(second?.command, 'nginx: worker process');
	assert.deepEqual(processesSection('0123456789ab').parse(''), []);
});

test('resources: what the kernel counts, otherwise sums over processes', () => {
	const { parse } = usageSection('0123456789ab');
	assert.deepEqual(parse(`cputime=7\nmemoryuse=1000\nmaxproc=3\n--\n${PS}`), { cpu: 7e9, memory: 1000, processes: 3 });
	assert.deepEqual(parse(`--\n${PS}`), { cpu: 3_723_520_000_000, memory: (2300 + 4096) * 1024, processes: 2 });
	assert.equal(parse(''), undefined);
});

test('packets: the end of a cable on the host receives what the container sends', () => {
	const counters = { 'received-packets': 1, 'received-bytes': 60, 'sent-packets': 2, 'sent-bytes': 120 };
	const netstat = { statistics: { interface: [{ name: 'epair0a', network: '<Link#3>', ...counters }] } };
	const measured = { cpu: 1, memory: 2, processes: 3 };
	const parsed = countersSection.parse(JSON.stringify(netstat));
	const { network } = usageOf({ container: 'c', ownStack: true, cables: ['epair0a'] }, measured, parsed);
	assert.deepEqual(network, { receivedBytes: 120, receivedPackets: 2, sentBytes: 60, sentPackets: 1 });
	assert.equal(usageOf({ container: 'c', ownStack: false, cables: [] }, measured, parsed).network, undefined);
});

test('changed files: what zfs diff says, below the root of the jail', () => {
	const paths = new Paths('zroot/kleene', '/zroot/kleene');
	const root = '/zroot/kleene/container/0123456789ab';
	const diff = `M\t${root}/\nM\t${root}/etc\n+\t${root}/a\\0040b\n-\t${root}/gone\nR\t${root}/old\t${root}/new\n`;
	assert.deepEqual(changesSection(paths, '0123456789ab').parse(diff), [
		{ kind: 'changed', path: '/etc' },
		{ kind: 'added', path: '/a b' },
		{ kind: 'deleted', path: '/gone' },
		{ kind: 'deleted', path: '/old' },
		{ kind: 'added', path: '/new' },
	]);
});

test('disk usage: datasets of layers, containers and volumes', () => {
	const paths = new Paths('zroot/kleene', '/zroot/kleene');
	const list = `zroot/kleene/layer\t99\nzroot/kleene/layer/0123456789ab\t7\nzroot/kleene/container/0123456789ac\t8\nzroot/kleene/volumes/data\t9\n`;
	assert.deepEqual(diskUsageSection(paths).parse(list), [
		{ kind: 'layer', id: '0123456789ab', bytes: 7 },
		{ kind: 'container', id: '0123456789ac', bytes: 8 },
		{ kind: 'volume', id: 'data', bytes: 9 },
	]);
});
