/** libnftables in this process, on the real kernel in a namespace of its own. */
import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { Session } from 'node:inspector';
import { test } from 'node:test';
import { within } from '#os/linux/netns.ts';
import { Nftables, NftablesError } from '#os/linux/nftables.ts';
import { place } from './namespaces.ts';

const BASE = `add table inet kleene
add set inet kleene ports { type inet_service; }
`;

test('a transaction happens as a whole or not at all', (t) => {
	const nft = within(place(t).fd, () => new Nftables());
	t.after(() => nft.close());
	nft.run(BASE);
	assert.throws(
		() => nft.run('add element inet kleene ports { 80 }\nadd element inet kleene nosuch { 80 }\n'),
		(error) => error instanceof NftablesError && error.isMissing,
	);
	assert.doesNotMatch(nft.run('list set inet kleene ports'), /elements/);
	nft.run('add element inet kleene ports { 80 }');
	assert.match(nft.run('list set inet kleene ports'), /elements = \{ 80 \}/);
});

test('signals that arrive within a transaction do not make it fail', (t) => {
	const nft = within(place(t).fd, () => new Nftables());
	const session = new Session();
	t.after(() => {
		session.disconnect();
		nft.close();
	});
	nft.run(BASE);
	// The profiler interrupts its thread by signals, ten thousand times a second.
	session.connect();
	session.post('Profiler.enable');
	session.post('Profiler.setSamplingInterval', { interval: 100 });
	session.post('Profiler.start');
	for (let port = 1; port <= 3000; port += 1) nft.run(`add element inet kleene ports { ${port} }`);
	session.post('Profiler.stop');
	assert.equal(nft.run('list set inet kleene ports').match(/\d+/g)?.length, 3000);
});

test('with too many open files it refuses, where the library would end the process', (t) => {
	const open: number[] = [];
	t.after(() => {
		for (const fd of open) closeSync(fd);
	});
	while ((open.at(-1) ?? 0) < 1023) open.push(openSync('/dev/null', 'r'));
	assert.throws(() => new Nftables(), /too many files are open/);
});
