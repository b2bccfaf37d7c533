import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chainsAt, effectOf, hasOwnRules } from './foreign-chains.ts';

const chain = (family: string, table: string, name: string, hook?: string, prio = 0) => ({
	chain: { family, table, name, ...(hook ? { type: 'filter', hook, prio, policy: 'accept' } : {}) },
});
const LISTED = {
	nftables: [
		{ metainfo: { version: '1.0.6' } },
		chain('inet', 'kleene', 'forward', 'forward'),
		chain('inet', 'filter', 'late', 'forward', 10),
		chain('ip', 'filter', 'early', 'forward', -10),
		chain('ip6', 'filter', 'six', 'forward'),
		chain('inet', 'filter', 'in', 'input'),
		chain('inet', 'filter', 'jumped'),
		chain('bridge', 'b', 'frames', 'forward'),
	],
};

const names = (bridge: 'no' | 'also' | 'only', filtered = false) =>
	chainsAt(LISTED, { family: 4, hooks: ['prerouting', 'forward', 'postrouting'], bridge }, filtered).map(
		({ place }) => place,
	);

test('chains of other tables at the hooks of a packet of that family, in order', () => {
	assert.deepEqual(names('no'), ['ip filter early', 'inet filter late']);
	assert.deepEqual(names('also'), ['ip filter early', 'bridge b frames', 'inet filter late']);
	assert.deepEqual(names('only'), ['bridge b frames']);
	assert.deepEqual(names('only', true), ['ip filter early', 'bridge b frames', 'inet filter late']);
	assert.equal(hasOwnRules(LISTED), true);
	assert.equal(hasOwnRules({ nftables: [chain('inet', 'kleene', 'forward')] }), false);
});

const rules = (...list: object[][]) => ({ nftables: list.map((expr) => ({ rule: { expr } })) });
const CONDITION = { match: { op: '==', left: { meta: { key: 'iifname' } }, right: 'eth0' } };

test('only rules without conditions are evaluated, up to the first one that has any', () => {
	assert.equal(effectOf(rules(), 'drop'), 'drop');
	assert.equal(effectOf(rules(), 'accept'), 'accept');
	assert.equal(effectOf(rules([{ counter: {} }], [{ counter: {} }, { drop: null }]), 'accept'), 'drop');
	assert.equal(effectOf(rules([{ reject: {} }]), 'accept'), 'drop');
	assert.equal(effectOf(rules([{ accept: null }], [{ drop: null }]), 'drop'), 'accept');
	assert.equal(effectOf(rules([{ return: null }]), 'drop'), 'drop');
	assert.equal(effectOf(rules([CONDITION, { accept: null }]), 'drop'), 'unknown');
	assert.equal(effectOf(rules([{ jump: { target: 'jumped' } }], [{ drop: null }]), 'accept'), 'unknown');
});
