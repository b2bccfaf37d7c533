/** Reasons of refused packets in words, with the change that would allow them. */
import type { RefusalReason } from '#model/traffic/refusal.ts';
import { type Place, WORDS, type Words } from './rules.ts';

type Protection = 'foreign-source' | 'host-loopback' | 'connection-limit' | 'query-limit' | 'no-connection';

const PROTECTIONS: Readonly<Record<Protection, (at: Place) => Words>> = {
	'foreign-source': ({ from }) => [
		`the source is no address that may come from ${from}`,
		'send from an address of the endpoint',
	],
	'host-loopback': () => [
		"containers do not reach the host's loopback",
		'let the service listen on the gateway of the network',
	],
	'connection-limit': ({ source }) => [
		`${source} has as many connections as its limit`,
		'close connections, or raise the limit of the daemon',
	],
	'query-limit': ({ source }) => [
		`${source} asks for more names in a second than its limit`,
		'ask less often, or raise the limit of the daemon',
	],
	'no-connection': () => ['the packet belongs to no connection that the host knows', 'begin the connection anew'],
};

/** @param at names of both ends and their networks; the ends of a packet that came from outside have no network */
export function explainRefusal(reason: RefusalReason, at: Place): { readonly rule: string; readonly change: string } {
	const words = isProtection(reason) ? PROTECTIONS[reason] : WORDS[reason];
	const [rule, change] = words(at);
	return { rule, change };
}

function isProtection(reason: RefusalReason): reason is Protection {
	return Object.hasOwn(PROTECTIONS, reason);
}
