import { isIP } from 'node:net';
import { addressesOf } from '#model/endpoint.ts';
import type { Store } from '#store/store.ts';

/** @returns names of containers by their addresses, canonical text */
export function namesByAddress(store: Store): Map<string, string> {
	const names = new Map<string, string>();
	for (const { id } of store.networks.list())
		for (const endpoint of store.endpoints.ofNetwork(id)) {
			const name = store.containers.get(endpoint.containerId)?.name;
			if (name !== undefined) for (const address of addressesOf(endpoint)) names.set(address, name);
		}
	return names;
}

/** An address in the text of tcpdump, where a port may follow after a point; no part of a longer word. */
const ADDRESS =
	/(?<![\w.:-])((?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})(?=(?:\.\d{1,5})?(?:[\s,:)]|$))/g;

/** Longest line of a packet, in characters. */
const MOST_CHARACTERS = 4000;

/**
 * A line of tcpdump for a terminal: without control characters, and with names at addresses: `web(10.4.6.2).80`.
 *
 * @param names by address
 */
export function readableLine(line: string, names: ReadonlyMap<string, string>): string {
	const plain = line
		.replace(/\t/g, ' ')
		.replace(/[^\x20-\x7e]/g, '?')
		.slice(0, MOST_CHARACTERS);
	return plain.replace(ADDRESS, (address) => {
		const name = isIP(address) === 0 ? undefined : names.get(address);
		return name === undefined ? address : `${name}(${address})`;
	});
}
