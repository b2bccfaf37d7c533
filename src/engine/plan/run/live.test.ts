import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostTraits } from '#model/host/traits.ts';
import type { SandboxSpec } from '#model/sandbox.ts';
import { changedLive, changedPermissions, differsFrom } from './live.ts';

const process = { argv: ['true'], env: [], user: 'root', tty: false, stdin: false };
const none = { rawSockets: false, netAdmin: false, parameters: [] };
const SPEC: SandboxSpec = { driver: 'host', hostname: 'web', network: 'host', ...none, process };
const MAPPED = { jailParameters: 'mapped' } as HostTraits;
const NATIVE = { jailParameters: 'native' } as HostTraits;

const withParameters = (...parameters: string[]): SandboxSpec => ({ ...SPEC, parameters });

test('a host name changes at once everywhere, a permission where there are jails', () => {
	const wanted = { ...SPEC, hostname: 'shop', rawSockets: true };
	const mapped = changedLive(SPEC, wanted, MAPPED);
	assert.deepEqual([mapped.hostname, mapped.rawSockets, differsFrom(mapped, wanted)], ['shop', false, true]);
	assert.equal(differsFrom(changedLive(SPEC, wanted, NATIVE), wanted), false);
	assert.deepEqual(changedPermissions(SPEC, wanted), ['allow.raw_sockets=true']);
});

test('permissions that are said are changed, others and what is said no more wait for a start', () => {
	const before = withParameters('mount.devfs=true', 'allow.sysvipc', 'allow.mlock');
	const turned = withParameters('mount.devfs=true', 'allow.nosysvipc', 'allow.mlock', 'allow.chflags');
	assert.equal(differsFrom(changedLive(before, turned, NATIVE), turned), false);
	assert.deepEqual(changedPermissions(before, turned), ['allow.nosysvipc', 'allow.chflags']);
	const dropped = withParameters('mount.devfs=true', 'allow.mlock');
	const kept = changedLive(before, dropped, NATIVE);
	assert.deepEqual([changedPermissions(before, kept), differsFrom(kept, dropped)], [[], true]);
	const other = withParameters('mount.devfs=true', 'allow.sysvipc', 'allow.mlock', 'enforce_statfs=1');
	const applied = changedLive(before, other, NATIVE);
	assert.deepEqual([applied.parameters, differsFrom(applied, other)], [before.parameters, true]);
});

test('commands and users of processes are no settings of a sandbox', () => {
	assert.equal(differsFrom(SPEC, { ...SPEC, process: { ...process, user: 'www' } }), false);
});
