import assert from 'node:assert/strict';
import test from 'node:test';
import { FreebsdNetwork } from '#host/freebsd/network/network.ts';
import type { Part } from '#model/part.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import { recording } from '../recordings.ts';
import { ScriptHost } from '../sandbox/scripts.ts';
import { emptyHost, link } from './stand-in.ts';

const network = new FreebsdNetwork({ ifconfig: false, route: false }, '1a2b3c4d');
const CONTAINER = 'aaaabbbbcccc';

function recorded(...names: string[]): string {
	return names.map((name) => recording(name).stdout).join('');
}

/** As `sed` on the host tags what a command said. */
function tagged(tag: string, ...names: string[]): string {
	return recorded(...names).replace(/^(?=.)/gm, tag);
}

const survey = network.readSurvey([
	recorded('042-bridge-with-member', '016-lo-show', '023-epair-show', '048-epair-show-b'),
	recorded('006-routes-libxo'),
]);

test('the interfaces of a host: types, membership, addresses without link-local ones', () => {
	const common = { mtu: 1500, ours: false };
	assert.deepEqual(survey.interfaces, [
		{
			...{ ...common, name: 'kleene1', type: 'bridge', up: true, mac: '58:9c:fc:10:14:17', bridge: '' },
			addresses: ['10.4.6.1/24', 'fd00:4:6::1/64'],
		},
		{
			...{ ...common, name: 'kleene0', type: 'lo', up: true, mac: '', mtu: 16384, bridge: '' },
			addresses: ['10.2.3.1/32'],
		},
		{
			...common,
			name: 'epair0a',
			type: 'epair',
			up: false,
			mac: '02:94:95:d0:b6:0a',
			bridge: 'kleene1',
			addresses: [],
		},
		{ ...common, name: 'epair0b', type: 'epair', up: false, mac: '02:94:95:d0:b6:0b', bridge: '', addresses: [] },
	]);
});

test('a physical interface has no type, a marked one is ours, a loopback one has the MAC address in its mark', () => {
	const text = [
		'vtnet0: flags=8863<UP,BROADCAST> metric 0 mtu 1500',
		'\tgroups: dmz',
		'kleene0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> metric 0 mtu 16384',
		'\tdescription: kleene:network 02:1d:c2:9b:8f:36 of 1a2b3c4d',
		'\tgroups: lo',
	].join('\n');
	const [card, loopback] = network.readSurvey([text, '{}']).interfaces;
	assert.deepEqual([card?.type, card?.ours], ['', false]);
	assert.deepEqual([loopback?.type, loopback?.ours, loopback?.mac], ['lo', true, '02:1d:c2:9b:8f:36']);
});

test('what bears the mark of another kleened, or of one that is not named, is not ours', () => {
	const marks = ['kleene:network 02:1d:c2:9b:8f:36 of deadbeef', 'kleene:aaaabbbbcccc', "kleene: the admin's own"];
	const text = marks.map((mark, index) => `em${index}: flags=8863<UP> metric 0 mtu 1500\n\tdescription: ${mark}\n`);
	assert.deepEqual(
		network.readSurvey([text.join(''), '{}']).interfaces.map(({ ours, madeBy }) => [ours, madeBy]),
		[
			[false, 'deadbeef'],
			[false, ''],
			[false, undefined],
		],
	);
});

test('routes of a host that lead somewhere, and the interface of the default one', () => {
	assert.equal(survey.gatewayInterface, 'vtnet0');
	assert.deepEqual(survey.uplinks, ['kleene1', 'vtnet0'], 'what bears no mark is not ours');
	assert.deepEqual(survey.routes, [
		{ destination: '10.0.2.0/24', interface: 'vtnet0' },
		{ destination: '10.0.2.15/32', interface: 'lo0' },
		{ destination: '127.0.0.1/32', interface: 'lo0' },
		{ destination: '::1/128', interface: 'lo0' },
	]);
	const all = network.readSurvey([
		'vtnet0: flags=8863<UP> metric 0 mtu 1500\n\tinet 10.0.2.15 netmask 0xffffff00\n',
		recorded('006-routes-libxo'),
	]);
	assert.ok(!all.routes.some(({ destination }) => destination === '10.0.2.15/32'), 'the way to itself is no route');
});

const ADDRESS: IpnetAddressPart = {
	...{ kind: 'ipnet-address', container: 'ddddeeeeffff', interface: 'kleene0', unit: -1, inside: 'kleene0' },
	...{ address: '10.2.3.1', subnet: '10.2.3.0/24', hostAddress: '' },
};
const PARTS: readonly Part[] = [
	{ kind: 'interface-address', interface: 'kleene1', address: '10.4.6.1/24' },
	{ kind: 'epair', container: CONTAINER, unit: 0, inside: 'epair0b', mac: '02:94:95:d0:b6:0b', routed: false },
	{ kind: 'bridge-port', bridge: 'kleene1', interface: 'epair0a', isolated: true, hairpin: false },
	ADDRESS,
];

function ipnet(container: string): SandboxSpec {
	const process = { argv: ['true'], env: [], user: 'root', tty: false, stdin: false };
	const none = { rawSockets: false, netAdmin: false, parameters: [] };
	return { driver: 'ipnet', hostname: container, network: 'own', ...none, process };
}

function compare(text: string) {
	return network.compare(survey, text, PARTS);
}

test('the inside of a container, in its own words', () => {
	const text =
		tagged(`inside ${CONTAINER} `, '035-jexec-ifconfig') + tagged(`routes ${CONTAINER} `, '036-jexec-netstat');
	const [stack, ...others] = compare(text).stacks;
	assert.deepEqual(others, []);
	assert.equal(stack?.container, CONTAINER);
	assert.deepEqual(
		stack?.interfaces.map(({ name, up, addresses }) => [name, up, addresses]),
		[
			['lo0', false, []],
			['pflog0', false, []],
			['pfsync0', false, []],
			['epair0b', true, ['10.4.6.2/24']],
		],
	);
	assert.deepEqual(stack?.routes[0], { destination: '0.0.0.0/0', interface: 'epair0b' });
});

test('a container that does not tell, or not the whole, is not known', () => {
	const inside = tagged(`inside ${CONTAINER} `, '035-jexec-ifconfig');
	assert.deepEqual(compare('').stacks, []);
	assert.deepEqual(compare(inside).stacks, []);
	assert.deepEqual(compare(`${inside}routes ${CONTAINER} {"statistics": {"route-inf\n`).stacks, []);
});

test('addresses that the host answers for, and what a part has lost that no listing shows', () => {
	const fine = compare('jail ddddeeeeffff 10.2.3.9,10.2.3.1 -\nforwarding 4 1\nforwarding 6 0\n');
	assert.deepEqual(fine.proxies, [{ interface: 'kleene0', address: '10.2.3.1' }]);
	assert.deepEqual(fine.differing, [{ part: PARTS[2], what: 'port epair0a: private is off and should not be' }]);
	assert.deepEqual(
		fine.excess.map(({ place, what, parts }) => [place, what, parts.map(({ kind }) => kind)]),
		[['jail ddddeeeeffff', 'the address 10.2.3.9', ['ipnet-address']]],
	);
	const lost = compare('jail ddddeeeeffff 10.2.3.11 -\nforwarding 4 0\n').differing;
	assert.deepEqual(
		lost.map(({ what }) => what),
		[
			'address 10.2.3.1: it is not in ip4.addr of the jail',
			'port epair0a: private is off and should not be',
			'the host does not forward IPv4 any more',
		],
	);
});

test('the questions are asked, and a container that answers for another is not believed', async () => {
	const state = emptyHost();
	state.links.epair0b = link({ jail: CONTAINER, description: `x\ninside ddddeeeeffff lo0: flags=1<UP> mtu 1` });
	state.jails[CONTAINER] = { vnet: true, ip4: [], ip6: [], gateways: {} };
	state.jails.ddddeeeeffff = { vnet: false, ip4: ['10.2.3.1'], ip6: ['fd00::1'], gateways: {} };
	state.sysctl = { 'net.inet.ip.forwarding': '1' };
	await using there = await ScriptHost.open(state);
	const { code, stdout, stderr } = await there.run(network.comparisonSection(PARTS));
	assert.deepEqual([code, stderr], [0, '']);
	assert.match(stdout, /^jail ddddeeeeffff 10\.2\.3\.1 fd00::1$/m);
	assert.match(stdout, /^forwarding 4 1\nforwarding 6 0$/m);
	assert.match(stdout, /^inside aaaabbbbcccc epair0b: flags/m);
	assert.match(stdout, /^inside aaaabbbbcccc inside ddddeeeeffff/m);
	assert.ok(!/^inside ddddeeeeffff/m.test(stdout));
});

test('what a jail may speak from and has no need of is excess, and what it speaks from is what was said', () => {
	const stack: Part = { kind: 'stack', container: 'ddddeeeeffff', spec: ipnet('ddddeeeeffff') };
	const [one, other] = ['10.2.3.1', '10.2.3.2'].map((address) => ({ ...ADDRESS, address }));
	const judge = (lists: string, ...parts: Part[]) => {
		const { differing, excess } = network.compare(survey, `jail ddddeeeeffff ${lists}\njail other 10.9.9.9 -\n`, parts);
		return [...differing, ...excess].map(({ what }) => what);
	};
	assert.deepEqual(judge('10.2.3.1 -', stack), ['the address 10.2.3.1'], 'none is left to it');
	assert.deepEqual(judge('- -', stack), []);
	assert.deepEqual(judge('10.2.3.1 fd00::9', stack, one!), ['the address fd00::9']);
	const second = { ...other!, first: true };
	assert.deepEqual(
		judge('10.2.3.2,10.2.3.1 fd00::2', stack, one!, second, { ...ADDRESS, address: 'fd00::2', first: true }),
		[],
	);
	assert.deepEqual(judge('10.2.3.1,10.2.3.2 -', stack, one!, second), [
		'address 10.2.3.2: the container speaks from 10.2.3.1 instead',
	]);
});
