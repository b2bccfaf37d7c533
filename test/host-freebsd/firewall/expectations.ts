/** What is expected of the ways between containers, hosts and networks. */
import assert from 'node:assert/strict';
import type { FreeBsdHost, Service } from './host.ts';
import { at, landscape, type Wanted } from './landscape.ts';

export const WEB: Service = { protocol: 'tcp', port: 80 };
export const PING: Service = { protocol: 'icmp', port: 0 };
export const DNS: Service = { protocol: 'udp', port: 53 };
export const TCP_8080: Service = { protocol: 'tcp', port: 8080 };
export const FAMILIES = [4, 6] as const;
export const COMBINATIONS = [
	{ internal: false, icc: true },
	{ internal: false, icc: false },
	{ internal: true, icc: true },
	{ internal: true, icc: false },
];
/** pf.conf of a host as it is, and of hosts whose own rules would stop everything, or let everything through. */
const OWN: Readonly<Record<string, string>> = {
	'no rules of its own': '',
	'a host that blocks what comes in': 'block in all\npass out all\n',
	'a host that blocks everything but its own loopback': 'block all\npass on lo0\n',
	'a host that passes everything': 'pass quick all\n',
};

export function reached(host: FreeBsdHost, from: string, to: string, family: 4 | 6, service = WEB): void {
	const { outcome, to: who } = host.converse(from, at(to, family), service);
	assert.equal(`${outcome} by ${who}`, `answered by ${to}`, `${from} → ${to}, IPv${family}: ${host.last}`);
}

export function unreached(host: FreeBsdHost, from: string, to: string, family: 4 | 6, service = WEB): void {
	const { outcome, to: who } = host.converse(from, at(to, family), service);
	assert.notEqual(outcome, 'answered', `${from} → ${to}, IPv${family}`);
	assert.equal(who, '', `${from} → ${to}, IPv${family}: it arrived, though there is no answer`);
}

/** The same in both families and under every ruleset of the host's own. */
export function everywhere(wanted: Wanted, check: (host: FreeBsdHost, family: 4 | 6) => void): void {
	for (const own of Object.values(OWN))
		for (const family of FAMILIES) check(landscape({ ...wanted, own: `${wanted.own ?? ''}${own}` }), family);
}
