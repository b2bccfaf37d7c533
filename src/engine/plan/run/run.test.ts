import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Part } from '#model/part.ts';
import type { InsideRoutePart } from '#model/parts/inside.ts';
import { announcements, inheritedRoutes, withoutSecondDefault } from './run.ts';

function route(family: 4 | 6, over: string, gateway = ''): InsideRoutePart {
	return { kind: 'inside-route', container: 'web', interface: over, family, gateway };
}

const alias: Part = {
	kind: 'alias',
	container: 'web',
	interface: 'kleene1',
	unit: 1,
	inside: 'kleene1',
	address: '10.4.7.2',
	subnet: '10.4.7.0/24',
	hostAddress: '10.4.7.1',
};

test('a joining network gives the default route of a family only where there is none', () => {
	const joining = [alias, route(4, 'kleene1'), route(6, 'kleene1')];
	assert.deepEqual(withoutSecondDefault(joining, [route(4, 'kleene0')]), [alias, route(6, 'kleene1')]);
	assert.deepEqual(withoutSecondDefault(joining, []), joining);
});

test('of what is desired only the default routes are inherited that are missing', () => {
	const desired = [alias, route(4, 'kleene1'), route(6, 'kleene2')];
	assert.deepEqual(inheritedRoutes(desired, [alias, route(6, 'kleene2')]), [route(4, 'kleene1')]);
});

test('a start announces routers, and no routed cables', () => {
	const lines = announcements([route(4, 'epair0b', '10.4.6.1'), alias, route(6, 'kleene0')]);
	assert.deepEqual(lines, ['add net default: gateway 10.4.6.1\n']);
});
