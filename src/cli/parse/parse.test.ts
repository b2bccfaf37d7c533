import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KleeneError } from '#errors/kleene-error.ts';
import { CommandLineError } from '../failure.ts';
import { bindBooleans, parseBoolean } from './boolean.ts';
import { commandOf, containerChanges, containerConfig } from './container.ts';
import { imageConfig } from './image.ts';
import { parseMount } from './mount.ts';
import { endPointConfig, joiningsOf, networkConfig } from './network.ts';
import { parsePublish } from './publish.ts';

test('mounts: a source with a slash is a path of the host, else a volume', () => {
	assert.deepEqual(parseMount('/srv:/var/www:ro'), {
		type: 'nullfs',
		source: '/srv',
		destination: '/var/www',
		read_only: true,
	});
	assert.deepEqual(parseMount('data:/data'), {
		type: 'volume',
		source: 'data',
		destination: '/data',
		read_only: false,
	});
});

test('mounts: a malformed one exits 125 with the words of the contract', () => {
	const cases = {
		'a:b:c:d': `invalid mount format 'a:b:c:d'. Max 3 elements seperated by ':'.`,
		a: `invalid mount format 'a'. Must have at least 2 elements seperated by ':'.`,
		'a:/b:RO': `invalid mount format 'a:/b:RO'. Last element should be either 'ro' or 'rw'.`,
	};
	for (const [text, message] of Object.entries(cases))
		assert.throws(
			() => parseMount(text),
			(error) => error instanceof CommandLineError && error.exitCode === 125 && error.message === message,
		);
});

test('published ports: every form, and nothing else', () => {
	const port = { interfaces: [], host_port: '80', container_port: '80', protocol: 'tcp' };
	assert.deepEqual(parsePublish('80'), port);
	assert.deepEqual(parsePublish('80/udp'), { ...port, protocol: 'udp' });
	assert.deepEqual(parsePublish('80/sctp'), { ...port, protocol: 'sctp' });
	assert.deepEqual(parsePublish('8080:80'), { ...port, host_port: '8080' });
	assert.deepEqual(parsePublish('em0:8080:80/tcp'), { ...port, interfaces: ['em0'], host_port: '8080' });
	assert.deepEqual(parsePublish('em0:80'), { ...port, interfaces: ['em0'] });
	assert.deepEqual(parsePublish('192.0.2.1:8080:80'), { ...port, interfaces: ['192.0.2.1'], host_port: '8080' });
	assert.deepEqual(parsePublish('[2001:db8::1]:80/udp'), { ...port, interfaces: ['2001:db8::1'], protocol: 'udp' });
	assert.deepEqual(parsePublish(':80'), { ...port, host_port: '' });
	assert.deepEqual(parsePublish('em0::80'), { ...port, interfaces: ['em0'], host_port: '' });
	assert.deepEqual(parsePublish('5000-5100:6000-6100'), { ...port, host_port: '5000:5100', container_port: '6000:*' });
	assert.deepEqual(parsePublish('5000-5100'), { ...port, host_port: '5000:5100', container_port: '5000:*' });
	assert.deepEqual(parsePublish('50-60:70-90'), { ...port, host_port: '50:60', container_port: '70:90' });
	for (const text of ['a:b:c:d', '80/tcp/udp', '80/dccp', '', ':', '80:', ':80:80', '[::1]', '[::1]:1:2:3', '[]:80'])
		assert.throws(
			() => parsePublish(text),
			(error) => error instanceof KleeneError && error.message === `could not decode port to publish: ${text}`,
		);
});

test('a boolean word after --nat is its value, anything else is an operand', () => {
	const flags = new Set(['--nat', '--icc']);
	assert.deepEqual(bindBooleans(['--nat', 'false', '--icc', 'NO', 'web'], flags), ['--nat=false', '--icc=NO', 'web']);
	assert.deepEqual(bindBooleans(['--nat', 'web'], flags), ['--nat=true', 'web']);
	assert.deepEqual(bindBooleans(['--nat', '--', '--icc', 'off'], flags), ['--nat=true', '--', '--icc', 'off']);
	for (const word of ['true', 'T', 'yes', 'y', 'ON', '1']) assert.equal(parseBoolean(word), true);
	for (const word of ['false', 'F', 'no', 'n', 'Off', '0']) assert.equal(parseBoolean(word), false);
	assert.equal(parseBoolean('maybe'), undefined);
});

const NETWORK = { type: 'bridge', gw: 'auto', gw6: 'auto', nat: true, icc: true } as const;

test('only bridges have gateways', () => {
	const bridge = networkConfig('web', { ...NETWORK, subnet: '10.4.6.0/24', gw: '', gw6: 'fd00::9' });
	assert.deepEqual(bridge, {
		name: 'web',
		type: 'bridge',
		interface: '',
		subnet: '10.4.6.0/24',
		subnet6: '',
		gateway: '',
		gateway6: 'fd00::9',
		nat: '<host-gateway>',
		icc: true,
		internal: false,
		nat6: false,
		dns: true,
		mtu: 0,
	});
	assert.equal(networkConfig('web', NETWORK).gateway, '<auto>');
	assert.equal(networkConfig('web', { ...NETWORK, type: 'loopback' }).gateway, '');
});

test('--nat-if names the interface and counts for nothing without NAT', () => {
	assert.equal(networkConfig('web', { ...NETWORK, natIf: 'em0' }).nat, 'em0');
	assert.equal(networkConfig('web', { ...NETWORK, natIf: 'em0', nat: false }).nat, '');
});

test('addresses that are left out are allocated', () => {
	assert.deepEqual(endPointConfig('web', 'c1', { ip: '10.4.6.2' }), {
		network: 'web',
		container: 'c1',
		ip_address: '10.4.6.2',
		ip_address6: '<auto>',
	});
});

test('networks have settings of their own, and the first one those of the options', () => {
	const auto = { ip_address: '<auto>', ip_address6: '<auto>' };
	assert.deepEqual(joiningsOf([], { ip: '10.4.6.2' }), []);
	assert.deepEqual(joiningsOf(['web', 'db'], { ip: '10.4.6.2', alias: ['www'] }), [
		{ network: 'web', ...auto, ip_address: '10.4.6.2', aliases: ['www'] },
		{ network: 'db', ...auto },
	]);
	const mac = '02:00:00:00:00:01';
	assert.deepEqual(joiningsOf(['web,alias=a', `name=db,ip=10.5.6.2,ip6=fd00::2,mac=${mac},alias=b,alias=c`], {}), [
		{ network: 'web', ...auto, aliases: ['a'] },
		{ network: 'db', ip_address: '10.5.6.2', ip_address6: 'fd00::2', mac, aliases: ['b', 'c'] },
	]);
	for (const text of ['', ',ip=10.4.6.2', 'web,ip', 'web,ip=', 'web,port=80', 'ip=10.4.6.2'])
		assert.throws(() => joiningsOf([text], {}), /as a network/, text);
	assert.throws(() => joiningsOf(['web,ip=10.4.6.3'], { ip: '10.4.6.2' }), /two values for ip/);
});

const CONTAINER = {
	env: [],
	mount: [],
	network: [],
	jailparam: [],
	publish: [],
	publishFrom: [],
	restart: 'no',
} as const;

test('a container without network has the driver host, with one ipnet', () => {
	assert.equal(containerConfig('img', [], CONTAINER).network_driver, 'host');
	assert.equal(containerConfig('img', [], { ...CONTAINER, network: ['web'] }).network_driver, 'ipnet');
	assert.equal(containerConfig('img', [], { ...CONTAINER, network: ['web'], driver: 'vnet' }).network_driver, 'vnet');
});

test('an update sends what was given and nothing else', () => {
	assert.deepEqual(containerChanges([], { env: [], jailparam: [] }), {});
	assert.deepEqual(containerChanges(['ls'], { env: ['A=b=c'], jailparam: [], persist: false, restart: 'no' }), {
		cmd: ['ls'],
		env: ['A=b=c'],
		persist: false,
		restart_policy: 'no',
	});
});

test('a leading -- only says that the command begins', () => {
	assert.deepEqual(commandOf(['--', 'ls', '--', '-d']), ['ls', '--', '-d']);
	assert.deepEqual(commandOf(['ls', '--']), ['ls', '--']);
});

const IMAGE = { dns: true, localtime: true, update: false, autotag: true };

test('an image made automatically is named automatically, unless it was given a name', () => {
	assert.equal(imageConfig('fetch-auto', undefined, IMAGE).autotag, true);
	assert.equal(imageConfig('fetch-auto', undefined, { ...IMAGE, tag: 'Debian' }).autotag, false);
	assert.equal(imageConfig('fetch', 'file:///base.txz', IMAGE).autotag, false);
});

test('the source goes where its method looks for it', () => {
	const fetch = imageConfig('fetch', 'file:///base.txz', IMAGE);
	assert.deepEqual([fetch.url, fetch.zfs_dataset], ['file:///base.txz', '']);
	const copy = imageConfig('zfs-copy', 'zroot/base', IMAGE);
	assert.deepEqual([copy.url, copy.zfs_dataset], ['', 'zroot/base']);
	assert.throws(() => imageConfig('zfs-clone', undefined, IMAGE), {
		message: `The SOURCE argument is needed when creating images using the 'zfs-clone' method.`,
	});
});
