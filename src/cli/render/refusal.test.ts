import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KleeneError } from '#errors/kleene-error.ts';
import { renderRefusal } from './refusal.ts';

test('a message of the contract is kept whole, under the name of what was to be done', () => {
	const error = new KleeneError({
		code: 'NAME_TAKEN',
		what: 'cannot create network web',
		why: 'network 2f1dc29b8f36 has it',
		mend: 'choose another name',
		message: 'network name is already taken',
	});
	assert.equal(
		renderRefusal(error),
		'error: cannot create network web: network name is already taken\n  why: network 2f1dc29b8f36 has it\n mend: choose another name\n',
	);
});

test('nothing is said twice', () => {
	const error = new KleeneError({ code: 'INTERNAL', what: 'cannot a', why: 'b', mend: 'c' });
	assert.equal(renderRefusal(error), 'error: cannot a: b\n mend: c\n');
});

test('a message of several lines stays in its column; brackets and colons are only characters', () => {
	const message = 'could not remove image x since it is used for containers:\n[red]a:b:rx\n';
	const error = new KleeneError({ code: 'IN_USE', what: '', why: message, mend: 'c', message });
	assert.equal(
		renderRefusal(error),
		'error: could not remove image x since it is used for containers:\n       [red]a:b:rx\n mend: c\n',
	);
});
