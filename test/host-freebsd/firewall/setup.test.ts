import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSetupPfArguments, setUpPf } from '#daemon/configuration/setup-pf.ts';
import { planConf } from '#host/freebsd/firewall/pf-conf.ts';
import { lookAtPf, writePf } from '#host/freebsd/firewall/pf-setup.ts';
import { ANCHORS } from './landscape.ts';
import { type StubHost, stubHost } from './stub-host.ts';

const OURS = ['nat-anchor "kleene/*"', 'rdr-anchor "kleene/*"', 'anchor "kleene/*"'];

function edited(text: string): string[] {
	const plan = planConf(text);
	assert.equal(plan.kind, 'edit');
	return plan.kind === 'edit'
		? plan.text
				.trimEnd()
				.split('\n')
				.filter((line) => !line.startsWith('# Kleene'))
		: [];
}

test('an empty file gets the three lines', () => {
	assert.deepEqual(edited(''), OURS);
	assert.deepEqual(edited('# nothing yet\n'), ['# nothing yet', ...OURS]);
});

test('translation goes before translation, filter before filter, after everything that comes before them', () => {
	const text = `ext_if = "em0"
set skip on { tun0 \\
	gif0 }
table <bad> persist
scrub in all
nat on $ext_if from 10/8 to any -> ($ext_if) # an anchor "kleene/*" in a comment
rdr-anchor "ftp-proxy/*"

# the rest
block in log all
anchor "blacklistd/*" in on $ext_if
pass out quick all
`;
	const lines = edited(text);
	assert.equal(lines.indexOf(OURS[0]!), 5);
	assert.equal(lines.indexOf(OURS[1]!), 6);
	assert.equal(lines[7]?.startsWith('nat on'), true);
	assert.equal(lines[lines.indexOf(OURS[2]!) + 1], 'block in log all');
	assert.deepEqual(
		lines.filter((line) => !OURS.includes(line)),
		text.trimEnd().split('\n'),
	);
});

test('a file without translation has all three before its first filter rule; one with options only, at its end', () => {
	assert.deepEqual(edited('set skip on tun0\npass all'), ['set skip on tun0', ...OURS, 'pass all']);
	assert.deepEqual(edited('set skip on tun0\n'), ['set skip on tun0', ...OURS]);
	const braces = 'anchor "mine" on em0 {\n\tblock\n\tpass out\n}\n';
	assert.deepEqual(edited(`scrub in all\n${braces}`), ['scrub in all', ...OURS, ...braces.trimEnd().split('\n')]);
});

test('lines that are there stay where they are, and only what lacks is added', () => {
	assert.deepEqual(planConf(ANCHORS), { kind: 'complete' });
	assert.deepEqual(planConf('nat-anchor kleene/*\nrdr-anchor "kleene/*"   # ours\npass all\nanchor "kleene/*" all\n'), {
		kind: 'complete',
	});
	const half = 'nat-anchor "kleene/*"\nblock all\nanchor "kleene/*"\n';
	assert.deepEqual(edited(half), [OURS[1], ...half.trimEnd().split('\n')]);
});

test('what a program cannot tell is left to people', () => {
	const some = planConf('anchor "kleene/*" on em0\n');
	assert.match(some.kind === 'unclear' ? some.why : '', /^line 1 asks .* for some packets only/);
	const order = planConf('set require-order no\npass all\nnat on em0 from any to any -> (em0)\n');
	assert.match(order.kind === 'unclear' ? order.why : '', /^line 3 translates after line 2 filters/);
});

async function setup(
	host: StubHost,
	write: boolean,
	answer?: boolean,
): Promise<{ code: number; said: string; asked: string }> {
	let [said, asked] = ['', ''];
	const confirm = (question: string) => {
		asked = question;
		return Promise.resolve(answer === true);
	};
	const code = await setUpPf(write, {
		look: () => lookAtPf(host),
		write: (report) => writePf(host, report, '20260101'),
		print: (text) => {
			said += text;
		},
		...(answer === undefined ? {} : { confirm }),
	});
	return { code, said, asked };
}

async function on(
	main: string | undefined,
	conf: string | undefined,
	check: (host: StubHost) => Promise<void>,
): Promise<void> {
	const host = stubHost(main);
	try {
		if (conf !== undefined) host.write('pf.conf', conf);
		await check(host);
	} finally {
		host.remove();
	}
}

test('without being told to, it only shows', () =>
	on(undefined, 'pass all\n', async (host) => {
		const { code, said } = await setup(host, false);
		assert.equal(code, 1);
		for (const line of OURS) assert.ok(said.includes(`    ${line}\n`), said);
		assert.match(said, /before line 1/);
		assert.match(said, /pf is not loaded/);
		assert.match(said, /Enabling it puts every rule of .* in force/);
		assert.match(said, /Nothing was changed/);
		assert.equal(host.read('pf.conf'), 'pass all\n');
		assert.equal(host.exists('loaded'), false);
		const refused = await setup(host, false, false);
		assert.match(refused.asked, /Do this now/);
		assert.equal(refused.code, 1);
		assert.equal(host.read('pf.conf'), 'pass all\n');
	}));

test('told to, or agreed to, it writes, keeps a copy, loads, and enables pf now and at boot', async () => {
	for (const [write, answer] of [
		[true, undefined],
		[false, true],
	] as const)
		await on(undefined, 'pass all\n', async (host) => {
			const { code, said } = await setup(host, write, answer);
			assert.equal(code, 0);
			assert.match(said, /Previous file: .*pf\.conf\.before-kleene\.20260101/);
			assert.equal(host.read('pf.conf.before-kleene.20260101'), 'pass all\n');
			for (const line of [...OURS, 'pass all']) {
				assert.ok(host.read('pf.conf').includes(`${line}\n`));
				assert.ok(host.read('main').includes(line));
			}
			assert.equal(host.exists('enabled'), true);
			assert.match(host.read('rc.conf'), /^pf_enable=YES$/m);
			assert.equal(host.exists('pf.conf.kleene-new'), false);
			const again = await setup(host, true);
			assert.deepEqual([again.code, again.said], [0, 'pf is set up for Kleene.\n']);
		});
});

test('a host that has no pf.conf gets one, and no copy', () =>
	on(undefined, undefined, async (host) => {
		const { code, said } = await setup(host, true);
		assert.equal(code, 0);
		assert.doesNotMatch(said, /Previous file/);
		assert.ok(host.read('pf.conf').includes(OURS[2]!));
	}));

test('what pfctl finds fault with changes nothing', () =>
	on('pass all\n', 'wrong\n', async (host) => {
		await assert.rejects(setup(host, true), { code: 'HOST_FAILED', why: /line 1: syntax error/ });
		assert.equal(host.read('pf.conf'), 'wrong\n');
		assert.equal(host.read('main'), 'pass all\n');
		assert.equal(host.exists('pf.conf.kleene-new'), false);
	}));

test('a failure at any later point puts everything back', async () => {
	for (const [fault, main] of [
		['refuse-enable', undefined],
		['refuse-sysrc', undefined],
		['refuse-sysrc', 'pass all\n'],
	] as const)
		await on(main, 'pass all\n', async (host) => {
			host.write(fault, '');
			await assert.rejects(setup(host, true), { code: 'HOST_FAILED', why: /refused/ });
			assert.equal(host.read('pf.conf'), 'pass all\n');
			assert.equal(host.read('main'), main ?? '');
			assert.equal(host.exists('enabled'), main !== undefined);
			assert.equal(host.exists('pf.conf.before-kleene.20260101'), false);
		});
});

test('"set skip on lo0" is said with its consequence', () =>
	on(ANCHORS, ANCHORS, async (host) => {
		host.write('interfaces', 'em0\nlo0 (skip)\n');
		host.write('rc.conf', `${host.read('rc.conf')}pf_enable=YES\n`);
		const { code, said } = await setup(host, false);
		assert.equal(code, 0);
		assert.match(said, /"set skip on" for lo0: .*without effect/s);
	}));

test('arguments are read, and what is not understood is refused', () => {
	assert.deepEqual(readSetupPfArguments(['--write', '--freebsd-host', 'ssh://root@bsd1']), {
		write: true,
		host: 'ssh://root@bsd1',
		key: undefined,
		knownHosts: undefined,
		help: false,
	});
	assert.deepEqual(readSetupPfArguments(['--freebsd-host=ssh://bsd1:2222']), {
		write: false,
		host: 'ssh://bsd1:2222',
		key: undefined,
		knownHosts: undefined,
		help: false,
	});
	for (const words of [['--freebsd-host'], ['--yes'], ['now']])
		assert.throws(() => readSetupPfArguments(words), { code: 'INVALID_ARGUMENT' });
});
