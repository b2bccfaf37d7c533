import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, NetworkDriver } from '#model/container.ts';
import type { HostTraits } from '#model/host/traits.ts';
import { EMPTY_CONFIG, type Image } from '#model/image.ts';
import { processOf, sandboxOf } from './sandbox.ts';

const TRAITS = {
	ipnetHasEpair: true,
	innerNames: 'position',
	names: 'resolver',
	checksSources: true,
	jailParameters: 'mapped',
} as const;
const JAILS: HostTraits = { ...TRAITS, jailParameters: 'native' };
const COMMAND = { cmd: ['true'], user: '', env: [], tty: false, stdin: false };

function sandbox(traits: HostTraits, networkDriver: NetworkDriver, ...jailParam: string[]) {
	const container = { id: '0123456789ab', networkDriver, jailParam, cmd: [], env: [], user: 'www' };
	const image = { config: { ...EMPTY_CONFIG, user: 'root' } };
	const process = processOf(image as unknown as Image, container as unknown as Container, COMMAND, traits);
	return sandboxOf(container as unknown as Container, process, traits);
}

test('raw sockets come with a stack of its own, unless something is said about them', () => {
	const raw = (driver: NetworkDriver, ...said: string[]) => sandbox(TRAITS, driver, ...said).rawSockets;
	assert.deepEqual([raw('vnet'), raw('ipnet'), raw('host')], [true, false, false]);
	assert.deepEqual([raw('vnet', 'allow.noraw_sockets'), raw('ipnet', 'allow.raw_sockets')], [false, true]);
});

test('exec.jail_user is the user of processes and of the commands inside, else those have root', () => {
	const own = sandbox(TRAITS, 'vnet', 'exec.jail_user=ana');
	assert.deepEqual([own.process.user, own.hooks?.user], ['ana', 'ana']);
	const none = sandbox(TRAITS, 'vnet');
	assert.deepEqual([none.process.user, none.hooks?.user], ['www', 'root']);
});

test('what is said of a container is in its spec on every host, where the host has a word for it', () => {
	const said = ['host.hostname=web', 'host.domainname=lab', 'exec.noclean', 'allow.nomlock', 'exec.nostop'];
	const mapped = sandbox(TRAITS, 'ipnet', ...said);
	assert.deepEqual([mapped.hostname, mapped.domainname, mapped.inheritsEnv], ['web', 'lab', true]);
	assert.deepEqual([mapped.denied, mapped.parameters, mapped.hooks?.stop], [['mlock'], [], []]);
	const native = sandbox(JAILS, 'ipnet', ...said, 'exec.system_jail_user');
	assert.deepEqual([native.hostname, native.inheritsEnv, native.hostUsers], ['web', true, true]);
	assert.deepEqual(native.parameters, ['mount.devfs=true', 'host.domainname=lab', 'allow.nomlock']);
	assert.deepEqual([native.domainname, native.denied, native.hooks?.stop], [undefined, undefined, []]);
	assert.equal(sandbox(JAILS, 'ipnet').hostname, '0123456789ab');
});
