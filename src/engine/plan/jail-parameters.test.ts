import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KleeneError } from '#errors/kleene-error.ts';
import { parseJailParameters } from './jail-parameters.ts';

function refusal(...parameters: string[]): KleeneError {
	try {
		parseJailParameters(parameters);
	} catch (error) {
		return error as KleeneError;
	}
	assert.fail(`accepted: ${parameters.join(' ')}`);
}

test('booleans have three forms, and the last one given holds', () => {
	for (const yes of ['allow.raw_sockets', 'allow.raw_sockets=true', 'allow.raw_sockets=1'])
		assert.equal(parseJailParameters([yes]).rawSockets, true);
	for (const no of ['allow.noraw_sockets', 'allow.raw_sockets=false', 'allow.raw_sockets=0'])
		assert.equal(parseJailParameters(['allow.raw_sockets', no]).rawSockets, false);
	assert.equal(parseJailParameters([]).rawSockets, false);
	assert.match(refusal('allow.raw_sockets=perhaps').why, /neither true nor false/);
});

test('hostname and user are taken, without the quotes that jail.conf needs', () => {
	const settings = parseJailParameters(['host.hostname="web.lab"', 'exec.jail_user=www']);
	assert.deepEqual([settings.hostname, settings.user], ['web.lab', 'www']);
	for (const bad of ['host.hostname', 'host.hostname=', 'host.hostname=a b', 'host.hostname=-x', 'host.nohostname'])
		assert.equal(refusal(bad).code, 'INVALID_ARGUMENT');
});

test('what this host decides by itself may be said, and its opposite is refused instead of ignored', () => {
	parseJailParameters(['exec.clean', 'mount.devfs=true', 'allow.sysvipc', 'allow.noset_hostname']);
	for (const opposite of ['exec.noclean', 'mount.devfs=false', 'allow.sysvipc=0', 'allow.set_hostname'])
		assert.match(refusal(opposite).why, /always/);
});

test('an unknown parameter is named, with the nearest known one', () => {
	const error = refusal('allow.raw_socket');
	assert.match(error.what, /allow\.raw_socket/);
	assert.equal(error.mend, 'did you mean allow.raw_sockets?');
	assert.match(refusal('vnet.interface=em0').mend, /known here: .*host\.hostname/);
});
