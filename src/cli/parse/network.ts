import type { EndPointConfig, Joining } from '#api/endpoints.ts';
import type { NetworkConfig } from '#api/networks.ts';

export interface NetworkCreateOptions {
	readonly type: NetworkConfig['type'];
	readonly interface?: string;
	readonly subnet?: string;
	readonly subnet6?: string;
	readonly gw: string;
	readonly gw6: string;
	readonly nat: boolean;
	readonly natIf?: string;
	readonly nat6?: boolean;
	readonly icc: boolean;
	readonly internal?: boolean;
	readonly dns?: boolean;
	readonly mtu?: number;
}

/** Only bridges have gateways; the daemon is told `''` for the other types. */
export function networkConfig(name: string, options: NetworkCreateOptions): NetworkConfig {
	const gateway = (value: string) => (options.type === 'bridge' ? automatic(value) : '');
	return {
		name,
		type: options.type,
		interface: options.interface ?? '',
		subnet: options.subnet ?? '',
		subnet6: options.subnet6 ?? '',
		gateway: gateway(options.gw),
		gateway6: gateway(options.gw6),
		nat: options.nat ? (options.natIf ?? '<host-gateway>') : '',
		nat6: options.nat6 ?? false,
		icc: options.icc,
		internal: options.internal ?? false,
		dns: options.dns ?? true,
		mtu: options.mtu ?? 0,
	};
}

export interface AddressOptions {
	readonly ip?: string;
	readonly ip6?: string;
	readonly mac?: string;
	readonly defaultRoute?: boolean;
	readonly alias?: readonly string[];
}

export function endPointConfig(network: string, container: string, options: AddressOptions): EndPointConfig {
	return { container, ...joiningConfig(network, options) };
}

export function joiningConfig(network: string, options: AddressOptions): Joining {
	return {
		network,
		ip_address: options.ip ?? '<auto>',
		ip_address6: options.ip6 ?? '<auto>',
		...(options.mac !== undefined && { mac: options.mac }),
		...(options.alias?.length && { aliases: [...options.alias] }),
		...(options.defaultRoute && { default_route: true }),
	};
}

function automatic(value: string): string {
	return value === 'auto' ? '<auto>' : value;
}
