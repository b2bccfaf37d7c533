import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InFlight } from './in-flight.ts';

function world(most: number) {
	const given: string[] = [];
	const inFlight = new InFlight(most);
	const add = (source: string, name: string, network = 'net') => {
		const waiting = { network, source, giveUp: () => given.push(name) };
		inFlight.add(waiting);
		return waiting;
	};
	return { inFlight, given, add };
}

test('the oldest of the busiest makes room', () => {
	const { inFlight, given, add } = world(4);
	add('quiet', 'q1');
	for (const name of ['b1', 'b2', 'b3', 'b4']) add('busy', name);
	add('third', 't1');
	assert.deepEqual([given, inFlight.count], [['b1', 'b2'], 4]);
});

test('one network is not in the way of another one, however many speak there', () => {
	const { given, add } = world(4);
	add('calm', 'c1', 'other');
	add('calm', 'c2', 'other');
	for (const name of ['m1', 'm2', 'm3', 'm4', 'm5']) add(`from ${name}`, name);
	assert.deepEqual(given, ['m1', 'm2', 'm3']);
});

test('what is over takes no room, also when it is over twice', () => {
	const { inFlight, given, add } = world(2);
	const first = add('one', 'first');
	inFlight.delete(first);
	inFlight.delete(first);
	add('one', 'second');
	add('two', 'third');
	assert.deepEqual([given, inFlight.count], [[], 2]);
	inFlight.giveUpAll();
	assert.deepEqual([given, inFlight.count], [['second', 'third'], 0]);
});
