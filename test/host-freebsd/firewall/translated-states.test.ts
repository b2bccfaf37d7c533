import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetTranslated } from '#host/freebsd/firewall/translated-states.ts';
import { ANCHORS } from './landscape.ts';
import { stubHost } from './stub-host.ts';

/** As pf_print_state.c of FreeBSD 13 to 15 prints them with `-vv`. */
function state(id: number, first: string): string {
	const rest = [
		'   [1234567 + 65536] wscale 6  [7654321 + 65536] wscale 7',
		'   age 00:00:10, expires in 23:59:50, 5:3 pkts, 300:200 bytes, anchor 12, rule 1',
		`   id: 010000000000000${id} creatorid: 5a6b7c8d`,
	];
	return `${[first, ...rest].join('\n')}\n`;
}

const STATES: readonly (readonly [ends: boolean, first: string])[] = [
	[true, 'em0 tcp 192.0.2.1:50000 (10.4.6.2:40000) -> 203.0.113.9:443       ESTABLISHED:ESTABLISHED'],
	[false, 'em0 tcp 192.0.2.1:50001 (10.4.7.2:40000) -> 203.0.113.9:443       ESTABLISHED:ESTABLISHED'],
	[false, 'kleene0 tcp 10.4.6.9:80 (192.0.2.1:8080) <- 203.0.113.7:5000       ESTABLISHED:ESTABLISHED'],
	[false, 'em0 udp 192.0.2.1:68 -> 10.4.6.2:67       MULTIPLE:SINGLE'],
	[true, 'em0 icmp 192.0.2.1:1 (10.4.6.126:9) -> 203.0.113.9:1       0:0'],
	[false, 'em0 icmp 192.0.2.1:1 (10.4.6.129:9) -> 203.0.113.9:1       0:0'],
	[true, 'em0 tcp 2001:db8::1[50000] (fd00:4:6::2[40000]) -> 2001:db8::9[443]       ESTABLISHED:ESTABLISHED'],
	[false, 'em0 tcp 2001:db8::1[50001] (fd00:4:7::2[40000]) -> 2001:db8::9[443]       ESTABLISHED:ESTABLISHED'],
];

test('connections that left a network under the address of the host are ended, and no others', async (t) => {
	const host = stubHost(ANCHORS);
	t.after(() => host.remove());
	host.write('states', STATES.map(([, first], index) => state(index, first)).join(''));
	const { code, stderr } = await host.run(forgetTranslated(['10.4.6.0/25', 'fd00:4:6::/64']));
	assert.deepEqual([code, stderr], [0, '']);
	const ended = STATES.flatMap(([ends], index) => (ends ? [`id 010000000000000${index}`] : []));
	assert.deepEqual(
		host
			.read('killed')
			.trim()
			.split('\n')
			.map((line) => line.trim()),
		ended,
	);
});
