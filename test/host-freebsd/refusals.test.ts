import assert from 'node:assert/strict';
import test from 'node:test';
import { parseRefusal, refusal, translateError } from '#host/freebsd/refusals.ts';
import type { Part } from '#model/part.ts';
import { make, unmake } from '#model/step.ts';
import { sh } from '#os/shell/quote.ts';
import { emptyHost } from './network/stand-in.ts';
import { recording, recordings } from './recordings.ts';
import { ScriptHost } from './sandbox/scripts.ts';

const PART: Part = { kind: 'bridge-port', bridge: 'kleene1', interface: 'epair0a', isolated: false, hairpin: false };

function explain(name: string): string {
	const { stderr, exitCode } = recording(name);
	const { code, why } = translateError(make(PART), { stderr: stderr, code: exitCode, commands: [] });
	return `${code}: ${why}`;
}

test('what a script refuses arrives as it was meant, whatever is in it', async () => {
	await using there = await ScriptHost.open(emptyHost());
	const why = `it's "$HOME" and \`id\` %s \\t`;
	const script = sh`found='epair3a  tap0'; ${refusal({ code: 'IN_USE', what: 'cannot', why, hint: sh`"free $(echo $found)"` })}; echo on`;
	const { code, stdout, stderr } = await there.run(script);
	assert.deepEqual([code, stdout], [1, '']);
	const error = parseRefusal(`something before\n${stderr}`);
	assert.deepEqual([error?.code, error?.what, error?.why, error?.hint], ['IN_USE', 'cannot', why, 'free epair3a tap0']);
});

test('a container cannot say what no script of ours would', () => {
	assert.equal(parseRefusal('KLEENE-REFUSAL HOST_UNREACHABLE\ta\tb\tc\n'), undefined);
	assert.equal(parseRefusal('KLEENE-REFUSAL toString\ta\tb\tc\n'), undefined);
	assert.equal(parseRefusal('KLEENE-REFUSAL IN_USE\tonly one field\n'), undefined);
});

test('the words of the tools, in words that say what to do', () => {
	assert.equal(explain('009-lo-create-taken'), 'INTERFACE_TAKEN: the host already has an interface of this name');
	assert.equal(explain('020-ifconfig-missing'), 'NO_SUCH_INTERFACE: the host has no interface nosuch0');
	assert.equal(explain('040-jexec-missing-jail'), 'CONTAINER_NOT_RUNNING: the host has no jail nosuch');
	assert.equal(explain('034-jls-missing'), 'CONTAINER_NOT_RUNNING: the host has no jail nosuch');
	assert.equal(explain('053-jail-remove-missing'), 'CONTAINER_NOT_RUNNING: the host has no jail aaaabbbbcccc');
	assert.equal(explain('046-jail-bad-param'), 'INVALID_ARGUMENT: jail(8) of this host has no parameter allow.nonsense');
	assert.equal(
		explain('005-sysctl-unknown'),
		'UNSUPPORTED_HERE: the kernel of this host has no setting net.link.bridge.member_ifaddrs',
	);
	assert.match(explain('059-ipnet-alias-denied'), /^NOT_ROOT: /);
	assert.equal(explain('026-bridge-addm-twice'), 'HOST_FAILED: ifconfig: BRDGADD epair0a: File exists');
	assert.equal(explain('117-jail-route-taken'), 'HOST_FAILED: it ended with exit code 1 and said nothing');
	const there = { stderr: 'ifconfig: interface epair3 already exists\n', code: 1, commands: [] };
	assert.equal(translateError(make(PART), there).code, 'INTERFACE_TAKEN');
	const busy = translateError(make(PART), {
		stderr: 'ifconfig: BRDGADD epair0a: Device busy\n',
		code: 1,
		commands: [],
	});
	assert.equal(busy.code, 'IN_USE');
	assert.match(busy.hint, /deletem epair0a/);
	// As it is said by releases before 13, and since.
	for (const said of ['execvp():', 'execvp:']) {
		const stderr = `jexec: ${said} ifconfig: No such file or directory\n`;
		const bare = translateError(make(PART), { stderr, code: 1, commands: [] });
		assert.match(bare.why, /^the image has no ifconfig,/);
	}
});

test('every recorded failure has a reason and names the part', () => {
	const failures = recordings.filter(({ exitCode }) => exitCode !== 0);
	assert.ok(failures.length > 20);
	for (const { name, stderr, exitCode } of failures) {
		const { what, why, hint } = translateError(unmake(PART), { stderr: stderr, code: exitCode, commands: [] });
		assert.equal(what, 'cannot take down port epair0a of bridge kleene1', name);
		assert.ok(why !== '' && hint !== '' && !`${why}${hint}`.includes('$1'), name);
	}
});
