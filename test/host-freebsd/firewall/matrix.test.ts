/** The rules for pf against `model/reach/reach.ts`: everyone asks everyone, as `evaluator.ts` has pf judge. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ReachRule } from '#model/reach/reach.ts';
import { type Question, questionsOf, wordsOf } from '#test/reach/questions.ts';
import { ALL_SETTINGS, titleOf } from '#test/reach/world.ts';
import { freeBsdWorld } from './reach-world.ts';

for (const settings of ALL_SETTINGS)
	test(`everyone asks everyone: ${titleOf(settings)}`, () => {
		const { world, host } = freeBsdWorld(settings);
		const wrong = questionsOf(world)
			.filter(isAsked)
			.flatMap((question) => {
				const { from, address, service, port } = question;
				const { outcome, to } = host.converse(from, address, { protocol: service === 'ping' ? 'icmp' : 'udp', port });
				const fate = to === '' ? outcome : `${outcome} ${to}`;
				const fates = fatesOf(question);
				return fates.includes(fate) ? [] : [`${wordsOf(question)}: ${fate}, not ${fates.join(' or ')}: ${host.last}`];
			});
		assert.deepEqual(wrong, []);
	});

/** Whether there is a packet at all. */
function isAsked({ expected }: Question): boolean {
	return expected.rule !== 'no-network' && expected.rule !== 'no-route';
}

/** Where pf and the stack of FreeBSD keep a packet back by another rule, or with other words, than Linux. */
const OTHERWISE: Partial<Record<ReachRule, readonly string[]>> = {
	// The stack forwards nothing from ::1.
	'loopback-unpublished': ['silence'],
	// Addresses of the network are told by the subnet, whether the host has a route there or not.
	'no-way-in': ['refused', 'silence'],
	// What leaves an internal network is refused before anybody asks for the source.
	'source-refused': ['refused', 'silence'],
};

function fatesOf({ to, expected }: Question): readonly string[] {
	const others = OTHERWISE[expected.rule];
	if (others) return others;
	switch (expected.verdict) {
		case 'accept':
			return [`answered ${to}`];
		case 'reject':
			return ['refused'];
		case 'drop':
			return ['silence'];
		case 'lost':
			// States are not bound to interfaces: the answer may take another network.
			return [`answered ${to}`];
	}
}
