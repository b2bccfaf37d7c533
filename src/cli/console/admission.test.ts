import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Asked, foreignness, isNavigation, isOwnHost } from './admission.ts';
import { Sessions, sessionCookie, sessionIn } from './sessions.ts';

const PORT = 4000;
const OWN = 'http://127.0.0.1:4000';

function asked(method: string, headers: Asked['headers'], upgrade = false): Asked {
	return { method, headers: { host: '127.0.0.1:4000', ...headers }, upgrade };
}

test('the server answers to its own addresses only', () => {
	for (const host of ['127.0.0.1:4000', 'localhost:4000']) assert.ok(isOwnHost(asked('GET', { host }), PORT), host);
	for (const host of ['attacker.example:4000', '127.0.0.1', '127.0.0.1:4001', 'localhost.attacker.example:4000', ''])
		assert.ok(!isOwnHost(asked('GET', { host }), PORT), host);
});

test('requests of the page are answered, in browsers of all ages', () => {
	for (const [method, headers, upgrade] of [
		['GET', { 'sec-fetch-site': 'none' }],
		['GET', { 'sec-fetch-site': 'same-origin' }],
		['GET', {}],
		['POST', { origin: OWN, 'sec-fetch-site': 'same-origin' }],
		['DELETE', { origin: OWN }],
		['GET', { origin: OWN }, true],
	] as const)
		assert.equal(foreignness(asked(method, headers, upgrade)), undefined, `${method} ${JSON.stringify(headers)}`);
});

test('requests of other pages are not', () => {
	for (const [method, headers, upgrade] of [
		['GET', { 'sec-fetch-site': 'cross-site' }],
		// Another port of 127.0.0.1 is the same site, and another page.
		['GET', { 'sec-fetch-site': 'same-site' }],
		['GET', { origin: 'http://127.0.0.1:4001' }],
		['GET', { origin: 'null' }],
		['GET', { origin: 'http://localhost:4000' }],
		['POST', {}],
		['POST', { origin: OWN, 'sec-fetch-site': 'none' }],
		['PUT', { origin: 'https://127.0.0.1:4000' }],
		['GET', {}, true],
		['GET', { origin: 'http://attacker.example' }, true],
	] as const)
		assert.notEqual(foreignness(asked(method, headers, upgrade)), undefined, `${method} ${JSON.stringify(headers)}`);
});

test('a token is redeemed by a page that is opened, not by a picture or a script', () => {
	assert.ok(isNavigation(asked('GET', {})));
	assert.ok(isNavigation(asked('GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' })));
	assert.ok(!isNavigation(asked('GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' })));
	assert.ok(!isNavigation(asked('GET', { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' })));
	assert.ok(!isNavigation(asked('POST', {})));
});

test('a token is good once, and for a session that no other secret opens', () => {
	const sessions = new Sessions();
	const token = sessions.issueToken();
	const session = sessions.redeem(token);
	assert.ok(session !== undefined && sessions.has(session));
	assert.equal(sessions.redeem(token), undefined);
	assert.equal(sessions.redeem(session), undefined);
	assert.ok(!sessions.has(token) && !sessions.has('') && !new Sessions().has(session));
});

test('the session is found among the cookies of other ports', () => {
	const [cookie = ''] = sessionCookie(PORT, 'secret').split(';');
	const other = sessionCookie(4001, 'other').split(';')[0];
	assert.equal(sessionIn(`${other}; ${cookie}; x=y`, PORT), 'secret');
	assert.equal(sessionIn(other, PORT), undefined);
	assert.equal(sessionIn(undefined, PORT), undefined);
});
