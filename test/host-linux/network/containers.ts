/** Endpoints as the engine plans them, made on a throw-away host. */
import type { TestContext } from 'node:test';
import { LinuxNetwork } from '#host/linux/network/network.ts';
import { translateError } from '#host/linux/refusals.ts';
import type { Part, PartKind, PartOf } from '#model/part.ts';
import { type Place, place } from '#test/os/linux/namespaces.ts';

export interface Host extends Place {
	readonly network: LinuxNetwork;
}

export function host(t: TestContext): Host {
	const there = place(t);
	const network = new LinuxNetwork({ hostNamespace: there.fd });
	t.after(() => network.close());
	return { ...there, network };
}

type Handled = Extract<Part, { kind: keyof LinuxNetwork['handlers'] }>;

function handlerOf<K extends Handled['kind'] & PartKind>({ network }: Host, kind: K): LinuxNetwork['handlers'][K] {
	return network.handlers[kind];
}

export function make(host: Host, ...parts: readonly Handled[]): void {
	for (const part of parts)
		try {
			void handlerOf(host, part.kind).make(part as never, {});
		} catch (error) {
			throw translateError({ verb: 'make', part }, error);
		}
}

/** In the opposite order. */
export async function unmake(host: Host, ...parts: readonly Handled[]): Promise<void> {
	for (const part of parts.toReversed()) await handlerOf(host, part.kind).unmake(part as never, {});
}

export function describeParts(host: Host, verb: 'make' | 'unmake', ...parts: readonly Handled[]): string[] {
	return parts.flatMap((part) => handlerOf(host, part.kind).describe(verb, part as never));
}

export const bridge: PartOf<'network-interface'> = {
	kind: 'network-interface',
	interface: 'kleene0',
	type: 'bridge',
	mac: '02:00:00:00:00:01',
};

export const gateways: Handled[] = [
	{ kind: 'interface-address', interface: 'kleene0', address: '10.4.6.1/24' },
	{ kind: 'interface-address', interface: 'kleene0', address: 'fd00:4:6::1/64' },
];

export interface Wanted {
	readonly container: string;
	readonly unit: number;
	readonly addresses: readonly string[];
	readonly interface?: string;
	readonly mac?: string;
}

function macFor(unit: number): string {
	return `02:00:00:00:01:${unit.toString(16).padStart(2, '0')}`;
}

function epair({ container, unit, addresses, mac = macFor(unit) }: Wanted, inside: string, routed: boolean): Handled {
	const linkLocal = addresses.some((address) => address.includes(':'));
	return { kind: 'epair', container, unit, inside, mac, linkLocal, routed };
}

/** A container with an interface of its own in the bridge. Addresses without prefix. */
export function vnet(wanted: Wanted): Handled[] {
	const { container, unit, addresses } = wanted;
	const inside = 'epair0b';
	return [
		{ kind: 'stack', container },
		epair(wanted, inside, false),
		{ kind: 'bridge-port', isolated: false, hairpin: false, bridge: 'kleene0', interface: `epair${unit}a` },
		...addresses.map((address): Handled => {
			const prefix = address.includes(':') ? 64 : 24;
			return { kind: 'inside-address', container, interface: inside, address: `${address}/${prefix}` };
		}),
		...addresses.map((address): Handled => {
			const [family, gateway] = address.includes(':') ? ([6, 'fd00:4:6::1'] as const) : ([4, '10.4.6.1'] as const);
			return { kind: 'inside-route', container, interface: inside, family, gateway };
		}),
	];
}

/** A container with addresses of the network and nothing else. */
export function ipnet(wanted: Wanted): Handled[] {
	const { container, unit, addresses, interface: name = 'kleene0' } = wanted;
	return [
		{ kind: 'stack', container },
		epair(wanted, name, true),
		...addresses.flatMap((address): Handled[] => {
			const [family, subnet] = address.includes(':') ? ([6, 'fd00:4:6::/64'] as const) : ([4, '10.4.6.0/24'] as const);
			const route = { interface: name, family, gateway: '', source: address };
			return [
				{ kind: 'ipnet-address', container, interface: name, unit, inside: name, subnet, hostAddress: '', address },
				{ kind: 'inside-route', container, ...route },
			];
		}),
	];
}
