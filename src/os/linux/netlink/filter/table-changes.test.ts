import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, encodeAttributes, text } from '../attributes.ts';
import { encodeMessage } from '../messages.ts';
import { TableChanges } from './table-changes.ts';

const OWN = 100;
const NEW_TABLE = 0;
const DELETE_TABLE = 2;
const NEW_RULE = 6;
const NEW_SET_ELEMENT = 12;
const NEW_GENERATION = 15;

interface Announcement {
	readonly message: number;
	readonly port: number;
	readonly family?: number;
	readonly table?: string;
}

function announce({ message, port, family = 1, table = 'kleene' }: Announcement): Buffer {
	const payload = Buffer.concat([Buffer.of(family, 0, 0, 0), encodeAttributes([text(1, table)])]);
	const datagram = encodeMessage({ type: (10 << 8) | message, flags: 0, sequence: 0, payload });
	datagram.writeUInt32LE(port, 12);
	return datagram;
}

function finish(port: number, pid: number): Buffer {
	const attributes = [bytes(1, Buffer.alloc(4)), bytes(2, Buffer.of(0, 0, pid >> 8, pid & 0xff)), text(3, 'nft')];
	const payload = Buffer.concat([Buffer.alloc(4), encodeAttributes(attributes)]);
	const datagram = encodeMessage({ type: (10 << 8) | NEW_GENERATION, flags: 0, sequence: 0, payload });
	datagram.writeUInt32LE(port, 12);
	return datagram;
}

const by = { pid: 300, command: 'nft' };

test('a change is told once its transaction is complete, with who made it', () => {
	const changes = new TableChanges(OWN);
	assert.deepEqual(changes.take(announce({ message: DELETE_TABLE, port: 7 })), []);
	assert.deepEqual(changes.take(finish(7, 300)), [{ kind: 'table-deleted', family: 'inet', name: 'kleene', by }]);
	assert.deepEqual(changes.take(finish(7, 300)), []);
});

test('many changes of a table are one, also over several datagrams', () => {
	const changes = new TableChanges(OWN);
	const rule = announce({ message: NEW_RULE, port: 7, family: 2, table: 'filter' });
	changes.take(Buffer.concat([rule, rule, announce({ message: NEW_SET_ELEMENT, port: 7 })]));
	changes.take(rule);
	assert.deepEqual(changes.take(finish(7, 300)), [{ kind: 'table-changed', family: 'ip', name: 'filter', by }]);
});

test('a table that is deleted and made anew in one transaction was deleted and changed', () => {
	const changes = new TableChanges(OWN);
	changes.take(announce({ message: NEW_RULE, port: 7 }));
	changes.take(announce({ message: DELETE_TABLE, port: 7 }));
	changes.take(announce({ message: NEW_TABLE, port: 7 }));
	assert.deepEqual(
		changes.take(finish(7, 300)).map(({ kind }) => kind),
		['table-deleted', 'table-changed'],
	);
});

test('what this thread did is not told, whether its end is announced or kept back', () => {
	const changes = new TableChanges(OWN);
	changes.take(announce({ message: DELETE_TABLE, port: 5 }));
	assert.deepEqual(changes.take(finish(5, OWN)), []);
	changes.take(announce({ message: DELETE_TABLE, port: 5 }));
	changes.take(announce({ message: NEW_RULE, port: 7, table: 'other' }));
	assert.deepEqual(
		changes.take(finish(7, 300)).map(({ name }) => name),
		['other'],
	);
});

test('after messages were lost nothing of the past is told', () => {
	const changes = new TableChanges(OWN);
	changes.take(announce({ message: DELETE_TABLE, port: 7 }));
	changes.forget();
	assert.deepEqual(changes.take(finish(7, 300)), []);
});
