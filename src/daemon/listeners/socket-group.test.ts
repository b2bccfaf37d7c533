import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupId } from './socket-group.ts';

test('the id of a group is that of the line with its whole name', () => {
	const groups = 'root:x:0:\nkleenex:x:7:\nkleene:x:991:ada,bob\nodd\n';
	assert.equal(groupId(groups, 'kleene'), 991);
	assert.equal(groupId(groups, 'root'), 0);
	assert.equal(groupId(groups, 'klee'), undefined);
	assert.equal(groupId('kleene\n', 'kleene'), undefined);
});
