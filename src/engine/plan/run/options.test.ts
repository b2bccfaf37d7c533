import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerOptions } from '#model/container/options.ts';
import type { HostTraits } from '#model/host/traits.ts';
import { requireOptions } from './options.ts';

const TRAITS = {
	ipnetHasEpair: true,
	innerNames: 'position',
	names: 'resolver',
	checksSources: true,
	jailParameters: 'mapped',
} as const satisfies HostTraits;

test('options that mean something are taken', () => {
	for (const options of [
		{},
		{ memory: 2 ** 28, cpus: 0.5, pids: 100, workdir: '/srv', entrypoint: ['sh', '-c'], labels: { a: '' } },
		{ restart: 'always' },
		{ restart: 'on-failure:3' },
	] satisfies ContainerOptions[])
		requireOptions(options, TRAITS, 'vnet');
});

test('options that mean nothing are refused by their name', () => {
	for (const [options, what] of [
		[{ memory: 1 }, /--memory/],
		[{ cpus: 0 }, /--cpus/],
		[{ pids: 1 }, /--pids-limit/],
		[{ workdir: 'srv' }, /--workdir/],
		[{ entrypoint: ['a\0b'] }, /--entrypoint/],
		[{ labels: { '': 'x' } }, /--label/],
		[{ restart: 'on-failure:0' }, /--restart/],
		[{ restart: 'on-failure:1.5' }, /--restart/],
	] satisfies [ContainerOptions, RegExp][])
		assert.throws(() => requireOptions(options, TRAITS, 'vnet'), { code: 'INVALID_ARGUMENT', what });
});

test('an option that a host does not have is refused there, with an alternative', () => {
	const traits = { ...TRAITS, unsupportedOptions: { cpus: { reason: 'it counts nothing', hint: 'have it count' } } };
	requireOptions({ memory: 2 ** 28 }, traits, 'vnet');
	const refusal = { code: 'UNSUPPORTED_HERE', what: /--cpus/, why: 'it counts nothing', hint: 'have it count' };
	assert.throws(() => requireOptions({ cpus: 1 }, traits, 'vnet'), refusal);
});

test('no more processes than the daemon allows', () => {
	const limits = { learnedAddresses: 0, connections: 0, questions: 0, processes: 50 };
	requireOptions({ pids: 50 }, { ...TRAITS, limits }, 'vnet');
	assert.throws(() => requireOptions({ pids: 51 }, { ...TRAITS, limits }, 'vnet'), { why: /allows each container 50/ });
});
