/** The rules for nftables against `model/reach/reach.ts`: real packets between everyone and everyone. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { formatAddress } from '#inet/address.ts';
import type { ReachRule } from '#model/reach/reach.ts';
import { Asker } from '#test/os/linux/datagrams.ts';
import { ping } from '#test/os/linux/packets.ts';
import { type Question, questionsOf, wordsOf } from '#test/reach/questions.ts';
import { ALL_SETTINGS, FAR, NEIGHBOUR, titleOf, UPLINK } from '#test/reach/world.ts';
import { type LinuxWorld, linuxWorld } from './linux-world.ts';

/** Questions asked at a time. */
const BATCH = 500;
/** Milliseconds after which a packet that has not arrived will not. */
const PATIENCE = 30;
const ATTEMPTS = 40;

for (const settings of ALL_SETTINGS)
	test(`everyone asks everyone: ${titleOf(settings)}`, async (t) => {
		const place = await linuxWorld(t, settings);
		const questions = questionsOf(place.world);
		const wrong: string[] = [];
		const numbered = questions.map((question, id) => ({ question, id }));
		for (let start = 0; start < numbered.length; start += BATCH)
			wrong.push(...(await judge(place, numbered.slice(start, start + BATCH))));
		assert.deepEqual(wrong, []);
	});

interface Numbered {
	readonly question: Question;
	readonly id: number;
}

/** @returns one line for each question whose fate is another one than expected */
async function judge(place: LinuxWorld, batch: readonly Numbered[]): Promise<string[]> {
	const asked = batch
		.filter(({ question }) => question.service === 'udp')
		.map(({ question, id }) => {
			const asker = new Asker(place.namespaceOf(question.from), id, question, sourceOf(question));
			return { question, id, asker };
		});
	try {
		await converse(place, asked);
		const arrivals = Map.groupBy(place.answerers.arrivals, ({ id }) => id);
		return [
			...asked.flatMap(({ question, id, asker }) => {
				const seen = arrivals.get(id)?.[0];
				const fate = fateOf(
					question,
					asker.outcome,
					seen && `${seen.at} from ${sourceName(place, question, seen.source)}`,
				);
				const expected = expectedFate(question);
				// The kernel gives up on a neighbour that does not say where it is.
				const unheard = fate === 'refused' && question.expected.rule.startsWith('icc-off');
				return fate === expected || (expected === 'dropped' && unheard)
					? []
					: [`${wordsOf(question)}: ${fate}, not ${expected}`];
			}),
			...batch.flatMap(({ question }) => {
				if (question.service !== 'ping') return [];
				return ping(place.namespaceOf(question.from), question.address) === undefined ? [wordsOf(question)] : [];
			}),
		];
	} finally {
		for (const { asker } of asked) asker.close();
	}
}

/** Again and again what is to be answered and is not yet: a link takes a moment to be used for the first time. */
async function converse(place: LinuxWorld, asked: readonly { question: Question; asker: Asker }[]): Promise<void> {
	for (const { asker } of asked) asker.ask();
	for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
		for (let round = 0; round < 3; round += 1) {
			place.answerers.pump();
			for (const { asker } of asked) asker.pump();
		}
		const waiting = asked.filter(({ question, asker }) => !asker.isSettled && isHeard(question));
		if (waiting.length === 0 && attempt > 0) return;
		await wait(PATIENCE);
		for (const { asker } of waiting) asker.ask();
	}
}

function isHeard({ expected }: Question): boolean {
	return expected.verdict === 'accept' || expected.verdict === 'reject';
}

function sourceOf({ from, family }: Question): string | undefined {
	if (from !== 'neighbour' && from !== 'far') return undefined;
	return (from === 'far' ? FAR : NEIGHBOUR)[family === 4 ? 0 : 1];
}

function fateOf(question: Question, outcome: string, seen: string | undefined): string {
	if (outcome === 'answered') return `answered by ${seen}`;
	if (outcome === 'silence' && seen?.startsWith(`${question.to} from itself`))
		return 'arrived, and the answer was lost';
	return `${outcome === 'silence' ? 'dropped' : REFUSALS.has(outcome) ? 'refused' : outcome}${seen ? `, though it reached ${seen}` : ''}`;
}

/** Administratively prohibited, as a socket of either family reports it. */
const REFUSALS: ReadonlySet<string> = new Set(['EHOSTUNREACH', 'EACCES']);

/** Where a packet ends that no firewall stops. */
const LOST: Partial<Record<ReachRule, string>> = {
	'no-network': 'ENETUNREACH',
	'no-route': 'ENETUNREACH',
	'no-way-in': 'dropped',
	'no-way-back': 'arrived, and the answer was lost',
};

function expectedFate({ to, expected }: Question): string {
	if (expected.rule === 'loopback-unpublished') return 'ECONNREFUSED';
	switch (expected.verdict) {
		case 'accept':
			return `answered by ${to} from ${expected.seenAs}`;
		case 'reject':
			return 'refused';
		case 'drop':
			return 'dropped';
		case 'lost':
			return LOST[expected.rule] ?? expected.rule;
	}
}

/** `itself`, `host`, or the address of somebody else. */
function sourceName({ world }: LinuxWorld, { from, family }: Question, source: string): string {
	const own = world.containers
		.get(from)
		?.endpoints.flatMap(({ addresses }) => addresses[family] ?? [])
		.map(formatAddress);
	if (own?.includes(source) || source === sourceOf({ from, family } as Question)) return 'itself';
	const gateways = Object.values(world.networks).flatMap(({ families }) => families[family]?.gateway?.address ?? []);
	const hosts = [...UPLINK.addresses, ...gateways.map(formatAddress), '127.0.0.1', '::1'];
	if (!hosts.includes(source)) return source;
	return from === 'host' ? 'itself' : 'host';
}
