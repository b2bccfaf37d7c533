/** libnftables in this process, on the real kernel in a namespace of its own. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { test } from 'node:test';
import { within } from '#kernel/netns.ts';
import { Nftables, NftablesError } from '#kernel/nftables.ts';
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

test('changes of others at the same moment do not make ours fail', async (t) => {
	const { fd } = place(t);
	const nft = within(fd, () => new Nftables());
	t.after(() => nft.close());
	nft.run(BASE);
	const script =
		'for i in $(seq 80); do nft add table ip other; nft add chain ip other c; nft delete table ip other; done';
	const path = `/proc/${process.pid}/fd/${fd}`;
	const other = spawn('nsenter', [`--net=${path}`, 'sh', '-c', script], { stdio: 'ignore' });
	const over = new Promise((resolve) => other.once('exit', resolve));
	let running = true;
	void over.then(() => (running = false));
	let made = 0;
	while (running && made < 60_000) {
		nft.run(`add element inet kleene ports { ${(made % 60_000) + 1} }`);
		made += 1;
		if (made % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
	}
	other.kill();
	await over;
	const [, count = ''] =
		/"elem": (\[[^\]]*\])/.exec(JSON.stringify(nft.query('list set inet kleene ports'), null, 1)) ?? [];
	assert.equal(JSON.parse(count).length, made);
});
