/** Every list of klee on terminals of 40 to 400 columns, with values that are long, wide or combined. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { columnsOf } from '#cli/render/width.ts';
import { runInThread } from '#test/testbed/programs/threads.ts';
import { StubDaemon } from './stub-daemon.ts';

let stub: StubDaemon;
const WIDTHS = [40, 80, 200, 400];
const WIDE = `漢字 👨‍👩‍👧 e\u0301\u202e ${'x'.repeat(300)}\n\u001b[31m`;
const NAME = `${'服务'.repeat(40)}-web`;
const ID = '0123456789ab';
const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;
const created = '2026-01-01T00:00:00.000000Z';

const container = {
	...{ id: ID, name: NAME, image_id: ID, image_name: NAME, image_tag: NAME, cmd: ['sh', '-c', WIDE], created },
	...{ running: true, jid: 1_234_567, restart_policy: 'on-startup', public_ports: [], env: [], labels: {} },
};
const image = { id: ID, name: NAME, tag: NAME, digest: DIGEST, created, size: 123_456_789 };
const network = { id: ID, name: NAME, type: 'loopback', subnet: '255.255.255.0/24', created };
const end = {
	kind: 'container',
	address: `2001:db8:${'ffff:'.repeat(5)}1`,
	port: 65_535,
	container: { name: NAME, id: ID },
};
const flow = {
	...{
		protocol: 'tcp',
		source: end,
		target: end,
		destination: { ...end, port: 1 },
		sender: { ...end, address: '::1' },
	},
	...{ state: 'established', sent: { bytes: 123_456_789_012, packets: 123_456_789 }, received: null },
};
const process = {
	...{ pid: 4_194_304, parent: 4_194_303, host_pid: 4_194_302, uid: 4_294_967_294, state: 'uninterruptible' },
	...{ cpu_seconds: 1e6, memory_bytes: 123_456_789, elapsed_seconds: 1e7, command: WIDE },
};
const usage = {
	...{ container_id: ID, name: NAME, running: true, cpu_percent: 12_345.6, cpu_seconds: 1e5, processes: 4_194_304 },
	...{ memory_bytes: 123_456_789, memory_limit_bytes: 1e12, measured: created, online_processors: 2 },
	network: { received_bytes: 1e14, received_packets: 1e12, sent_bytes: 1e14, sent_packets: 1e12 },
};

before(async () => {
	stub = await StubDaemon.start({
		answers: {
			'GET /containers/list?all=true': [200, [container, container]],
			'GET /containers/list?all=false': [200, [container, container]],
			'GET /images/list': [200, [image, image]],
			[`GET /images/${ID}/inspect`]: [
				200,
				{ ...image, history: [{ layer: ID, created, size: 123_456_789, instruction: WIDE }] },
			],
			'GET /networks/list': [200, [network, network]],
			'GET /volumes/list': [200, [{ name: NAME, created }]],
			[`GET /containers/${ID}/processes`]: [200, [process, process]],
			'GET /containers/usage': [200, [usage, usage]],
			'GET /system/df': [200, [{ kind: 'container', id: ID, bytes: 123_456_789, used: true, name: NAME }]],
			'GET /system/lost': [200, [{ kind: 'container', id: 'x'.repeat(300), name: NAME }]],
			'GET /flows': [200, [flow]],
		},
	});
});
after(() => stub.close());

async function lines(words: readonly string[], columns: number, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
	const base = { KLEE_HOST: stub.host, HOME: '/nonexistent', TERM: 'xterm' };
	const { stdout, stderr, code } = await runInThread({ words, columns, env: { ...base, ...env } });
	assert.equal(code, 0, `${words.join(' ')}: ${stderr}`);
	return stdout.split('\n');
}

const LISTS = [
	...['ps', 'ps -a', 'image ls', 'image ls --digests', `history ${ID}`, 'network ls', 'volume ls', `top ${ID}`],
	...['stats --no-stream', 'system df', 'system df -v', 'system lost', 'network flows', 'context ls'],
];

for (const list of LISTS)
	test(`klee ${list} fits the terminal`, async () => {
		for (const theme of ['fancy', 'simple'])
			for (const width of WIDTHS) {
				const shown = await lines(['--theme', theme, ...list.split(' ')], width);
				for (const line of shown.map(stripVTControlCharacters))
					assert.ok(columnsOf(line) <= width, `${columnsOf(line)} columns on ${width}: ${line}`);
				const text = shown.join('\n');
				assert.ok(!text.includes('\u202e') && !text.includes('\u001b[31m'), 'no control characters of values');
				if (/ps|image|history|network ls|stats/.test(list)) assert.ok(text.includes(ID), `${width}: ${text}`);
			}
	});

test('NO_COLOR leaves colours out of every list', async () => {
	for (const list of LISTS.filter((each) => !each.startsWith('stats'))) {
		const text = (await lines(list.split(' '), 80, { NO_COLOR: '1' })).join('\n');
		assert.equal(stripVTControlCharacters(text), text, list);
	}
});
