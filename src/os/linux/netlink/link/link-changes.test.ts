import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, encodeAttributes, text } from '../attributes.ts';
import { encodeMessage } from '../messages.ts';
import { LinkChanges } from './link-changes.ts';

const NEWLINK = 16;
const DELLINK = 17;
const DELADDR = 21;
const AF_BRIDGE = 7;

interface Announcement {
	readonly index: number;
	readonly name: string;
	readonly up?: boolean;
	readonly family?: number;
}

function announce(type: number, { index, name, up = false, family = 0 }: Announcement): Buffer {
	const head = Buffer.alloc(16);
	head[0] = family;
	head.writeInt32LE(index, 4);
	head.writeUInt32LE(up ? 0x1003 : 0x1002, 8);
	const payload = Buffer.concat([head, encodeAttributes([text(3, name)])]);
	return encodeMessage({ type, flags: 0, sequence: 0, payload });
}

function told(changes: LinkChanges, datagram: Buffer): string[] {
	return changes.take(datagram).map((change) => {
		return 'name' in change ? `${change.kind} ${change.name} ${change.index}` : change.kind;
	});
}

test('of an interface that is known only what counts is told', () => {
	const changes = new LinkChanges();
	changes.know([{ index: 2, name: 'eth0', up: true }]);
	assert.deepEqual(told(changes, announce(NEWLINK, { index: 2, name: 'eth0', up: true })), []);
	assert.deepEqual(told(changes, announce(NEWLINK, { index: 2, name: 'eth0' })), ['link-down eth0 2']);
	assert.deepEqual(told(changes, announce(NEWLINK, { index: 2, name: 'eth0', up: true })), ['link-up eth0 2']);
	assert.deepEqual(told(changes, announce(DELLINK, { index: 2, name: 'eth0' })), ['link-gone eth0 2']);
	assert.deepEqual(told(changes, announce(DELLINK, { index: 2, name: 'eth0' })), []);
});

test('another name is another interface', () => {
	const changes = new LinkChanges();
	changes.know([{ index: 2, name: 'eth0', up: true }]);
	assert.deepEqual(told(changes, announce(NEWLINK, { index: 2, name: 'wan0', up: true })), [
		'link-gone eth0 2',
		'link-new wan0 2',
		'link-up wan0 2',
	]);
});

test('a port that leaves its bridge is not gone', () => {
	const changes = new LinkChanges();
	changes.know([{ index: 2, name: 'eth0', up: true }]);
	assert.deepEqual(told(changes, announce(DELLINK, { index: 2, name: 'eth0', family: AF_BRIDGE })), []);
	assert.deepEqual(told(changes, announce(DELLINK, { index: 2, name: 'eth0' })), ['link-gone eth0 2']);
});

test('an address is told with the name of its interface', () => {
	const changes = new LinkChanges();
	changes.know([{ index: 2, name: 'eth0', up: true }]);
	const head = Buffer.of(10, 64, 0, 0, 2, 0, 0, 0);
	const address = Buffer.from('fd000000000000000000000000000001', 'hex');
	const payload = Buffer.concat([head, encodeAttributes([bytes(1, address)])]);
	assert.deepEqual(changes.take(encodeMessage({ type: DELADDR, flags: 0, sequence: 0, payload })), [
		{ kind: 'address-changed', name: 'eth0', index: 2, address: 'fd00::1/64', present: false },
	]);
});
