import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addressOfReverseName, bareName, fullName, isBelowSuffix } from './domain-names.ts';

test('names are compared without case, final dot and suffix', () => {
	for (const name of ['web', 'WEB', 'web.', 'Web.Kleene', 'web.kleene.']) assert.equal(bareName(name), 'web');
	assert.equal(bareName('web.example.com'), 'web.example.com');
	assert.equal(bareName('web.notkleene'), 'web.notkleene');
	assert.deepEqual(['a.KLEENE.', 'kleene', 'akleene', 'kleene.org'].map(isBelowSuffix), [true, true, false, false]);
	assert.deepEqual(['web', 'web.kleene'].map(fullName), ['web.kleene', 'web.kleene']);
});

test('reverse names stand for one address each', () => {
	const nibbles = '2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.4.0.0.0.0.d.f';
	assert.equal(addressOfReverseName('2.6.4.10.in-addr.arpa'), '10.4.6.2');
	assert.equal(addressOfReverseName('2.6.4.10.IN-ADDR.ARPA.'), '10.4.6.2');
	assert.equal(addressOfReverseName(`${nibbles}.ip6.arpa`), 'fd00:46::2');
	for (const name of [
		'6.4.10.in-addr.arpa',
		'256.6.4.10.in-addr.arpa',
		'x.2.6.4.10.in-addr.arpa',
		`${nibbles}.arpa`,
		'a',
	])
		assert.equal(addressOfReverseName(name), undefined, name);
});
