import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isEnabled, labelOf, parseAnchorCalls, parseAnchors, parseFaults, parseSkipped } from '#os/freebsd/pfctl.ts';

interface Recording {
	readonly stdout: string;
	readonly stderr: string;
}
const FOLDER = `${import.meta.dirname}/pf-recordings`;

/** What a FreeBSD 13.2 host said. @param number of the recording */
function recorded(number: string): Recording {
	const file = readdirSync(FOLDER).find((name) => name.startsWith(number));
	assert.ok(file, `no recording ${number}`);
	return JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as Recording;
}

test('the state of pf is read', () => {
	assert.equal(isEnabled(recorded('076').stdout), true);
	assert.equal(isEnabled('Status: Disabled for 0 days 00:00:27          Debug: Urgent\n'), false);
	assert.equal(isEnabled(''), false);
});

test('anchors are listed with their whole path', () => {
	assert.deepEqual(parseAnchors(recorded('070').stdout), ['kleene/testvnet']);
	assert.deepEqual(parseAnchors(''), []);
});

test('only an anchor that is always asked counts as such', () => {
	const text = 'nat-anchor "kleene/*" all\nrdr-anchor "kleene/*" on em0 all\nanchor "kleene/*" all\npass all\n';
	assert.deepEqual(parseAnchorCalls(text), [
		{ kind: 'nat-anchor', name: 'kleene/*', unconditional: true },
		{ kind: 'rdr-anchor', name: 'kleene/*', unconditional: false },
		{ kind: 'anchor', name: 'kleene/*', unconditional: true },
	]);
});

test('interfaces that pf passes over are found', () => {
	assert.deepEqual(parseSkipped('all\nem0\nlo (skip)\nlo0 (skip)\nkleene0\n'), ['lo', 'lo0']);
});

test('labels and faults are read', () => {
	assert.equal(labelOf('pass out quick all flags S/SA keep state label "kleene:0123" tagged kleene'), 'kleene:0123');
	assert.equal(labelOf('pass all'), undefined);
	assert.deepEqual(parseFaults(recorded('066').stderr), [
		{ line: 1, reason: "macro 'undefined_macro' not defined" },
		{ line: 1, reason: 'syntax error' },
	]);
});
