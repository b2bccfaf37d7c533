import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainExcess, FilterOwners } from './owners.ts';

test('a port that is left over in both families is taken away in both', () => {
	const element = (holder: string, value: string) => ({ kind: 'element', holder, key: 'tcp . 8081', value }) as const;
	const entries = [
		element('published_ports4', '10.4.6.3 . 80'),
		element('bridged_ports6', ''),
		element('published_ports6', 'fd00:4:6::3 . 80'),
	];
	const [found, ...others] = explainExcess(entries, new FilterOwners([]));
	assert.deepEqual(others, []);
	const targets = found?.parts.map((part) => part.kind === 'published-ports' && `${part.first} ${part.target}`);
	assert.deepEqual(targets, ['8081 10.4.6.3', '8081 fd00:4:6::3']);
});
