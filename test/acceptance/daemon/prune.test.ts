/** `klee system prune`: everything that nothing uses, and nothing else. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { context, removeContexts } from '#test/acceptance/build/context.ts';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
});
after(async () => {
	removeContexts();
	await host.removeContainers();
	await host.close();
});

interface Usage {
	readonly kind: string;
	readonly id: string;
	readonly bytes: number;
}

async function occupied(): Promise<number> {
	const usage = await host.kleeJson<Usage[]>('system', 'df');
	return usage.reduce((sum, { bytes }) => sum + bytes, 0);
}

const names = async (command: string) =>
	(await host.kleeJson<{ name: string }[]>(command, ...(command === 'lsc' ? ['-a'] : [])))
		.map(({ name }) => name)
		.sort();

const MEGABYTES = 'head -c 3000000 /dev/urandom';

async function prepare(): Promise<void> {
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'used');
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.7.0/24', 'unused');
	await host.kleeOutput('network', 'create', '-t', 'bridge', '--subnet', '10.4.8.0/24', 'of-stopped');
	const dockerfile = (n: number) => `
FROM Debian AS base
RUN ${MEGABYTES} >/base${n}
FROM Debian
RUN --mount=type=cache,target=/c ${MEGABYTES} >/c/data${n}
COPY --from=base /base${n} /base
`;
	for (const n of [1, 2]) await host.kleeOutput('build', '-t', 'app', context(dockerfile(n)));
	await host.kleeOutput(
		'run',
		'-d',
		'--name',
		'on',
		'-l',
		'vnet',
		'-n',
		'used',
		'-m',
		'kept:/v',
		'app',
		'sleep',
		'600',
	);
	const script = `${MEGABYTES} >/own; ${MEGABYTES} >/v/data`;
	await host.kleeOutput(
		'run',
		'-d',
		'--name',
		'off',
		'-n',
		'of-stopped',
		'-m',
		'free:/v',
		'Debian',
		'sh',
		'-c',
		script,
	);
	await host.kleeOutput('wait', 'off');
	const lost = join(host.root, 'lost+found/container-0123456789ab');
	mkdirSync(lost, { recursive: true });
	writeFileSync(join(lost, 'file'), Buffer.alloc(2_000_000, 1));
}

const KINDS = ['container', 'network', 'network', 'image', 'image', 'image', 'cache', 'lost'];

test('what nothing uses is told, asked for, removed and measured', async () => {
	await prepare();
	const before = await occupied();
	const plan = (await host.kleeOutput('system', 'prune', '--dry-run')).split('\n');
	assert.equal(await occupied(), before);
	const kinds = plan.slice(0, -1).map((line) => line.split(' ')[0]);
	assert.deepEqual(kinds, KINDS, plan.join('\n'));
	assert.match(plan.join('\n'), /^container \w{12} off\nnetwork \w{12} (unused|of-stopped)\n/);
	const declined = await host.kleeWith({ input: 'n\n' }, 'system', 'prune');
	assert.equal(declined.code, 1);
	assert.match(declined.stdout, /WARNING! This will remove:\n {2}- all stopped containers\n.*\[y\/N\]: $/s);
	assert.equal(await occupied(), before);

	const pruned = (await host.kleeOutput('system', 'prune', '-f')).split('\n');
	assert.deepEqual(pruned.slice(0, -1).sort(), plan.slice(0, -1).sort());
	const freed = before - (await occupied());
	const expected = `${(freed / 1e6).toFixed(1)} MB`;
	assert.deepEqual([pruned.at(-1), plan.at(-1)], [`Freed ${expected}`, `Would free ${expected}`]);
	assert.ok(freed > 4 * 3_000_000);
	assert.deepEqual(await names('lsc'), ['on']);
	assert.deepEqual(await names('lsn'), ['used']);
	assert.deepEqual(await names('lsi'), ['Debian', 'app']);
	assert.deepEqual(await names('lsv'), ['free', 'kept']);
});

test('--volumes and --all take volumes and images that no container uses, too', async () => {
	const before = await occupied();
	const options = ['--volumes', '--all'];
	const plan = await host.kleeOutput('system', 'prune', '--dry-run', ...options);
	assert.match(plan, /^volume free\nimage \w{12} Debian:latest\nWould free 3\.0\d MB$/);
	const pruned = await host.kleeOutput('system', 'prune', '-f', ...options);
	assert.equal(pruned, plan.replace('Would free', 'Freed'));
	const freed = before - (await occupied());
	assert.equal(pruned.split(' ').at(-2), (freed / 1e6).toFixed(2));
	assert.equal(await host.kleeOutput('system', 'prune', '-f', ...options), 'Freed 0 B');
	assert.equal(await host.kleeOutput('exec', 'on', 'cat', '/etc/debian_version').then((text) => text.length > 0), true);
});
