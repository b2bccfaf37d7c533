import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InsideRoutePart } from '#model/parts/inside.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import { announcements, inheritedFirst, inheritedRoutes, withoutSecondDefault } from './run.ts';

function route(family: 4 | 6, over: string, gateway = ''): InsideRoutePart {
	return { kind: 'inside-route', container: 'web', interface: over, family, gateway };
}

const ipnetAddress: IpnetAddressPart = {
	kind: 'ipnet-address',
	container: 'web',
	interface: 'kleene1',
	unit: 1,
	inside: 'kleene1',
	address: '10.4.7.2',
	subnet: '10.4.7.0/24',
	hostAddress: '10.4.7.1',
};

test('a joining network gives the default route of a family only where there is none', () => {
	const joining = [ipnetAddress, route(4, 'kleene1'), route(6, 'kleene1')];
	assert.deepEqual(withoutSecondDefault(joining, [route(4, 'kleene0')]), [ipnetAddress, route(6, 'kleene1')]);
	assert.deepEqual(withoutSecondDefault(joining, []), joining);
});

test('of what is desired only the default routes are inherited that are missing', () => {
	const desired = [ipnetAddress, route(4, 'kleene1'), route(6, 'kleene2')];
	assert.deepEqual(inheritedRoutes(desired, [ipnetAddress, route(6, 'kleene2')]), [route(4, 'kleene1')]);
});

const first = { ...ipnetAddress, first: true };
const second: IpnetAddressPart = { ...ipnetAddress, unit: 2, address: '10.4.8.2' };
const six: IpnetAddressPart = { ...ipnetAddress, address: 'fd00::2' };

test('a joining network does not change what a container speaks from, unless it has none', () => {
	const joining = { ...second, first: true };
	assert.deepEqual(withoutSecondDefault([joining], [first]), [second]);
	assert.deepEqual(withoutSecondDefault([joining], [{ ...six, first: true }]), [joining]);
});

test('when that goes, it speaks from what it would if it were started now', () => {
	const heir = { ...second, first: true };
	const present = [{ ...six, first: true }, second];
	assert.deepEqual(inheritedFirst([{ ...six, first: true }, heir], present), { before: [second], after: [heir] });
	assert.deepEqual(inheritedFirst([heir, ipnetAddress], [first, second]), { before: [], after: [] });
});

test('a start announces routers, and no routed cables', () => {
	const lines = announcements([route(4, 'epair0b', '10.4.6.1'), ipnetAddress, route(6, 'kleene0')]);
	assert.deepEqual(lines, ['add net default: gateway 10.4.6.1\n']);
});
