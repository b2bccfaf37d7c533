/** Random requests of clients: few names, so that they are in each other's way. */
import fc from 'fast-check';

export type Operation =
	| { readonly kind: 'create-container'; readonly container: number }
	| { readonly kind: 'remove-container' | 'start' | 'stop' | 'inspect-container'; readonly container: number }
	| { readonly kind: 'connect'; readonly container: number; readonly network: number; readonly address: number }
	| { readonly kind: 'disconnect'; readonly container: number; readonly network: number }
	| { readonly kind: 'create-network' | 'remove-network' | 'inspect-network'; readonly network: number }
	| { readonly kind: 'create-volume' | 'remove-volume'; readonly volume: number }
	| { readonly kind: 'list' };

export interface Extent {
	readonly containers: number;
	readonly networks: number;
	readonly volumes: number;
}

/** None begins as an id may: what is not there would be another one. */
export const containerName = (index: number) => `web${index}`;
export const networkName = (index: number) => `net${index}`;
export const volumeName = (index: number) => `vol${index}`;

/** Every third container publishes a port, of which there are fewer than such containers. */
export const portOf = (container: number) => (container % 3 === 0 ? 8000 + (container % 2) : undefined);
export const driverOf = (container: number) => (container % 4 === 1 ? 'ipnet' : 'vnet');

export function operations({ containers, networks, volumes }: Extent): fc.Arbitrary<Operation> {
	const container = fc.nat(containers - 1);
	const network = fc.nat(networks - 1);
	const volume = fc.nat(volumes - 1);
	// 0: any; else the last byte, of which two are often wanted by several at once.
	const address = fc.constantFrom(0, 0, 0, 5, 6);
	const onContainer = (kind: 'create-container' | 'remove-container' | 'start' | 'stop' | 'inspect-container') =>
		container.map((number): Operation => ({ kind, container: number }));
	const onNetwork = (kind: 'create-network' | 'remove-network' | 'inspect-network') =>
		network.map((number): Operation => ({ kind, network: number }));
	const onVolume = (kind: 'create-volume' | 'remove-volume') =>
		volume.map((number): Operation => ({ kind, volume: number }));
	return fc.oneof(
		{ weight: 6, arbitrary: onContainer('create-container') },
		{ weight: 2, arbitrary: onContainer('remove-container') },
		{ weight: 5, arbitrary: onContainer('start') },
		{ weight: 3, arbitrary: onContainer('stop') },
		{ weight: 2, arbitrary: onContainer('inspect-container') },
		{ weight: 7, arbitrary: fc.record({ kind: fc.constant('connect' as const), container, network, address }) },
		{ weight: 3, arbitrary: fc.record({ kind: fc.constant('disconnect' as const), container, network }) },
		{ weight: 5, arbitrary: onNetwork('create-network') },
		{ weight: 1, arbitrary: onNetwork('remove-network') },
		{ weight: 2, arbitrary: onNetwork('inspect-network') },
		{ weight: 1, arbitrary: onVolume('create-volume') },
		{ weight: 1, arbitrary: onVolume('remove-volume') },
		{ weight: 1, arbitrary: fc.constant<Operation>({ kind: 'list' }) },
	);
}
