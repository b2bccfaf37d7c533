import type { EndPointConfig, Joining } from '#api/endpoints.ts';
import type { NetworkConfig } from '#api/networks.ts';
import { type CommandLineError, usageError } from '../failure.ts';

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
	readonly parent?: string;
	readonly vlan?: number;
	readonly ipRange?: string;
	readonly ipRange6?: string;
	readonly hostIp?: string;
	readonly hostIp6?: string;
}

/** Only bridges have gateways; the daemon is told `''` for the other types. */
export function networkConfig(name: string, options: NetworkCreateOptions): NetworkConfig {
	// On somebody's LAN the first address is rather that of a router than free.
	const isLan = options.parent !== undefined;
	const gateway = (value: string) => {
		if (options.type !== 'bridge' || (isLan && value === 'auto')) return '';
		return automatic(value);
	};
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
		...lanConfig(options),
	};
}

function lanConfig({ parent, vlan, ipRange, ipRange6, hostIp, hostIp6 }: NetworkCreateOptions): Partial<NetworkConfig> {
	return {
		...(parent !== undefined && { parent }),
		...(vlan !== undefined && { vlan }),
		...(ipRange !== undefined && { ip_range: ipRange }),
		...(ipRange6 !== undefined && { ip_range6: ipRange6 }),
		...(hostIp !== undefined && { host_ip: hostIp }),
		...(hostIp6 !== undefined && { host_ip6: hostIp6 }),
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

/** Keys of a NETWORK,KEY=VALUE, also as Docker spells them. */
const KEYS: ReadonlyMap<string, 'ip' | 'ip6' | 'mac' | 'alias' | 'network'> = new Map(
	Object.entries<'ip' | 'ip6' | 'mac' | 'alias' | 'network'>({
		...{ ip: 'ip', ip6: 'ip6', mac: 'mac', alias: 'alias' },
		...{ name: 'network', 'mac-address': 'mac' },
	}),
);

/**
 * Networks that a new container joins, in order.
 *
 * @param texts `NETWORK[,ip=ADDRESS][,ip6=ADDRESS][,mac=ADDRESS][,alias=NAME]...`
 * @param options of the first one
 */
export function joiningsOf(texts: readonly string[], options: AddressOptions): Joining[] {
	const [first, ...others] = texts.map(parseNetwork);
	if (first === undefined) return [];
	const { network, ...own } = first;
	const twice = (['ip', 'ip6', 'mac'] as const).find((key) => own[key] !== undefined && options[key] !== undefined);
	if (twice !== undefined)
		throw usageError(
			`network ${network} has two values for ${twice}`,
			`--${twice} is about the first --network, which has one itself`,
			'leave out one of them',
		);
	const alias = [...own.alias, ...(options.alias ?? [])];
	const { ip = own.ip, ip6 = own.ip6, mac = own.mac } = options;
	const merged = { ...(ip && { ip }), ...(ip6 && { ip6 }), ...(mac && { mac }), alias };
	return [joiningConfig(network, merged), ...others.map(({ network, ...own }) => joiningConfig(network, own))];
}

interface NetworkWords extends Pick<AddressOptions, 'ip' | 'ip6' | 'mac'> {
	readonly network: string;
	readonly alias: readonly string[];
}

function parseNetwork(text: string): NetworkWords {
	const words: { network: string; ip?: string; ip6?: string; mac?: string; alias: string[] } = {
		network: '',
		alias: [],
	};
	for (const [index, word] of text.split(',').entries()) {
		const [name = '', ...rest] = word.split('=');
		const bare = rest.length === 0 && index === 0;
		const value = bare ? name : rest.join('=');
		const key = bare ? 'network' : KEYS.get(name);
		if (key === undefined) throw malformed(text, `'${word}' is no setting of it`);
		if (value === '') throw malformed(text, bare ? 'it names no network' : `'${name}' has no value`);
		if (key === 'network') words.network = value;
		else if (key === 'alias') words.alias.push(value);
		else words[key] = value;
	}
	if (words.network === '') throw malformed(text, 'it names no network');
	return words;
}

function malformed(text: string, why: string): CommandLineError {
	const hint = 'write --network NETWORK, or --network NETWORK,ip=ADDRESS,alias=NAME with any of ip, ip6, mac, alias';
	return usageError(`cannot use '${text}' as a network`, why, hint);
}

function automatic(value: string): string {
	return value === 'auto' ? '<auto>' : value;
}
