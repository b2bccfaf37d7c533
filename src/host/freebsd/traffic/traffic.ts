import { KleeneError } from '#errors/kleene-error.ts';
import type { HostTraffic } from '#host/driver/traffic.ts';

function refusal(): KleeneError {
	return new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot show traffic',
		why: 'Kleene does not read the states of pf yet',
		hint: 'use "pfctl -vvss" and "netstat -I" on the host',
	});
}

/** Views of packets are refused by name; `klee stats` counts them per container. */
export const freebsdTraffic: HostTraffic = {
	flows: () => Promise.reject(refusal()),
	watchFlows: () => {
		throw refusal();
	},
	watchRefusals: () => {
		throw new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what: 'cannot show refused packets',
			why: 'the rules of Kleene for pf log no packets yet',
			hint: 'use "klee network trace" to learn which rule decides',
		});
	},
	counters: () => Promise.reject(refusal()),
	tracking: () => Promise.reject(refusal()),
};
