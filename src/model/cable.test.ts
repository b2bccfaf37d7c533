import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostEnd, hostMac, innerEnd, unitOfHostEnd } from './cable.ts';

test('a host end tells its unit, any other name tells none', () => {
	assert.equal(unitOfHostEnd(hostEnd(12)), 12);
	for (const name of [innerEnd(12), 'epair12', 'epaira', 'xepair1a', 'epair1aa', 'kleene0'])
		assert.equal(unitOfHostEnd(name), undefined, name);
});

test('the two ends of a cable differ in one bit of their MAC address', () => {
	assert.equal(hostMac('02:00:0a:04:06:02'), '06:00:0a:04:06:02');
	assert.equal(hostMac('06:00:0a:04:06:02'), '02:00:0a:04:06:02');
});
