/**
 * Writes who reaches whom, as `src/model/reach/reach.ts` says it, into docs/networks.md. `node scripts/reach-table.ts` rewrites the
 * table; a test compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { parseAddress, perFamily } from '#inet/address.ts';
import { type Network, networkOf } from '#model/network.ts';
import { type ReachContainer, reach, type Sender, type Target } from '#model/reach/reach.ts';

const DOCUMENT = new URL('../docs/networks.md', import.meta.url);
const BEGIN = '<!-- reach: written by scripts/reach-table.ts -->';
const END = '<!-- /reach -->';

const HOST = address('192.0.2.1');
const FAR = address('198.51.100.7');

function address(text: string) {
	const parsed = parseAddress(text);
	if (!parsed) throw new Error(`'${text}' is not an address`);
	return parsed;
}

interface Settings {
	readonly internal: boolean;
	readonly icc: boolean;
}

function networkWith(unit: number, settings: Settings): Network {
	const names = {
		id: `00000000000${unit}`,
		name: `net${unit}`,
		type: 'bridge',
		interface: `kleene${unit}`,
		created: '',
	} as const;
	const addresses = { subnet: `10.4.${unit}.0/24`, gateway: '<auto>', nat: '<host-gateway>' };
	return networkOf({ ...names, ...addresses, subnet6: '', gateway6: '', nat6: false, dns: true, mtu: 0, ...settings });
}

/** An ipnet container: what is kept from it is said to it, where a bridge keeps vnet containers apart in silence. */
function memberOf(network: Network, unit: number, host: number): ReachContainer {
	const addresses = perFamily(address(`10.4.${unit}.${host}`));
	return { driver: 'ipnet', endpoints: [{ network, addresses, defaultRoutes: [4] }] };
}

type Column = readonly [title: string, cell: (network: Network) => string];

const OTHER = networkWith(2, { internal: false, icc: true });
const STRANGER = memberOf(OTHER, 2, 2);
const at = (network: Network, container: ReachContainer, unit: number): Target => {
	return { kind: 'container', network, container, address: address(`10.4.${unit}.3`) };
};
const port = (network: Network, container: ReachContainer): Target => ({
	kind: 'port',
	network,
	container,
	address: HOST,
});
const from = (network: Network): Sender => ({ kind: 'container', container: memberOf(network, 1, 2) });
const mate = (network: Network) => memberOf(network, 1, 3);
const OUTSIDE: Sender = { kind: 'outside', address: FAR };

const COLUMNS: readonly Column[] = [
	['to other members', (network) => words(from(network), at(network, mate(network), 1))],
	[
		'to their ports',
		(network) => (network.internal ? 'not published' : words(from(network), port(network, mate(network)))),
	],
	['to other networks', (network) => words(from(network), at(OTHER, STRANGER, 2))],
	['to their ports', (network) => words(from(network), port(OTHER, STRANGER))],
	['pings, names of the host', (network) => words(from(network), { kind: 'host', address: HOST, service: 'names' })],
	['its other services', (network) => words(from(network), { kind: 'host', address: HOST, service: 'other' })],
	['to the outside', (network) => words(from(network), { kind: 'outside', address: FAR })],
	['from outside', (network) => words(OUTSIDE, at(network, mate(network), 1))],
	[
		'from outside, by ports',
		(network) => (network.internal ? 'not published' : words(OUTSIDE, port(network, mate(network)))),
	],
	['from the host', (network) => words({ kind: 'host' }, at(network, mate(network), 1))],
];

function words(sender: Sender, target: Target): string {
	const { verdict } = reach(sender, target);
	switch (verdict) {
		case 'accept':
			return 'yes';
		case 'reject':
			return 'refused';
		case 'drop':
			return 'dropped';
		case 'lost':
			return 'no route';
	}
}

/** The document with the table as it should be. */
export function tabled(document: string): string {
	const [head, rest] = document.split(BEGIN);
	const tail = rest?.split(END)[1];
	if (head === undefined || tail === undefined) throw new Error(`docs/networks.md has no ${BEGIN} ... ${END}`);
	return `${head}${BEGIN}\n${table().join('\n')}\n${END}${tail}`;
}

function table(): string[] {
	const settings = [false, true].flatMap((internal) => [true, false].map((icc) => ({ internal, icc })));
	const rows = settings.map(({ internal, icc }) => {
		const network = networkWith(1, { internal, icc });
		return [internal ? 'yes' : 'no', icc ? 'on' : 'off', ...COLUMNS.map(([, cell]) => cell(network))];
	});
	const titles = ['`--internal`', '`--icc`', ...COLUMNS.map(([title]) => title)];
	return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
	writeFileSync(DOCUMENT, tabled(readFileSync(DOCUMENT, 'utf8')));
