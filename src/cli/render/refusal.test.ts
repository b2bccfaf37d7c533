import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KleeneError } from '#errors/kleene-error.ts';
import { renderRefusal } from './refusal.ts';

test('a message of the contract is kept whole, under the name of what was to be done', () => {
	const error = new KleeneError({
		code: 'NAME_TAKEN',
		what: 'cannot create network web',
		why: 'network 2f1dc29b8f36 has it',
		hint: 'choose another name',
		message: 'network name is already taken',
	});
	assert.equal(
		renderRefusal(error),
		'error: cannot create network web: network name is already taken\n  why: network 2f1dc29b8f36 has it\n hint: choose another name\n',
	);
});

test('nothing is said twice', () => {
	const error = new KleeneError({ code: 'INTERNAL', what: 'cannot a', why: 'b', hint: 'c' });
	assert.equal(renderRefusal(error), 'error: cannot a: b\n hint: c\n');
});

test('a message of several lines stays in its column; brackets and colons are only characters', () => {
	const message = 'could not remove image x since it is used for containers:\n[red]a:b:rx\n';
	const error = new KleeneError({ code: 'IN_USE', what: '', why: message, hint: 'c', message });
	assert.equal(
		renderRefusal(error),
		'error: could not remove image x since it is used for containers:\n       [red]a:b:rx\n hint: c\n',
	);
});

test('what the headline says, the reason does not say again', () => {
	const message = 'endpoint configuration not found';
	const why = `${message}: it is not connected to it`;
	const gone = new KleeneError({ code: 'NO_SUCH_ENDPOINT', what: 'cannot a', why, hint: 'c', message });
	assert.equal(renderRefusal(gone), `error: cannot a: ${message}\n  why: it is not connected to it\n hint: c\n`);
	const advised = { why: "no such image 'x'; and this host is Linux", hint: 'c', message: "no such image 'x'" };
	const image = new KleeneError({ code: 'NO_SUCH_IMAGE', what: 'cannot create the container', ...advised });
	assert.equal(
		renderRefusal(image),
		"error: cannot create the container: no such image 'x'\n  why: this host is Linux\n hint: c\n",
	);
});

test('a headline has one label and one subject', () => {
	const message = 'Error: No such image: x\n';
	const image = new KleeneError({ code: 'NO_SUCH_IMAGE', what: message.trim(), why: 'because', hint: 'c', message });
	assert.equal(renderRefusal(image), 'error: No such image: x\n  why: because\n hint: c\n');
	const what = 'could not decode port to publish: ';
	const port = new KleeneError({ code: 'INVALID_ARGUMENT', what, why: 'because', hint: 'c', message: what });
	assert.equal(renderRefusal(port), 'error: could not decode port to publish:\n  why: because\n hint: c\n');
});
