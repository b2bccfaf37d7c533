import { isLinkLocal } from '#inet/address.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import type { ObservedInterface, ObservedRoute } from '#model/host/observed.ts';
import { type IfconfigInterface, parseIfconfig } from '#os/freebsd/ifconfig.ts';
import { type NetstatRoute, parseRoutes } from '#os/freebsd/netstat.ts';
import { type Script, sh } from '#os/shell/quote.ts';
import { readMark } from './marks.ts';

export interface ObservedNetwork {
	readonly interfaces: readonly ObservedInterface[];
	/** Without default routes. */
	readonly routes: readonly ObservedRoute[];
	/** Interface of the IPv4 default route, `''` where there is none. */
	readonly gatewayInterface: string;
	/** Sorted. */
	readonly uplinks: readonly string[];
}

/** Result of a survey, and its source text. */
export interface NetworkSurvey extends ObservedNetwork {
	readonly links: readonly IfconfigInterface[];
}

/** Questions of a survey: interfaces and routes. */
export const SURVEY: readonly [Script, Script] = [sh`ifconfig -a`, sh`netstat --libxo json -rn`];

/**
 * @param answers to `SURVEY`
 * @param store identity of the daemon's store: what bears the mark of another is another's
 */
export function readSurvey([interfaces, routes]: readonly [string, string], store: string): NetworkSurvey {
	const links = parseIfconfig(interfaces);
	return { links, ...surveyOf(links, parseRoutes(routes), store) };
}

/** Those lines that begin with a tag, without it. */
export function linesAfter(tag: string, text: string): string {
	const found = text.split('\n').filter((line) => line.startsWith(tag));
	return found.map((line) => line.slice(tag.length)).join('\n');
}

export function surveyOf(
	links: readonly IfconfigInterface[],
	all: readonly NetstatRoute[],
	store: string,
): ObservedNetwork {
	const bridges = new Map(links.flatMap(({ name, members }) => members.map((member) => [member.name, name] as const)));
	const interfaces = links.map((link): ObservedInterface => {
		const { name, flags, mtu, ether, description, addresses } = link;
		const mark = readMark(description);
		return {
			name,
			type: typeOf(link),
			up: flags.includes('UP'),
			mac: ether || (mark?.mac ?? ''),
			mtu,
			bridge: bridges.get(name) ?? '',
			// They come and go by themselves and say nothing about who uses which network.
			addresses: addresses.filter((address) => !isLinkLocal(address)),
			ours: mark?.store === store,
			...(mark && mark.store !== store ? { madeBy: mark.store } : {}),
		};
	});
	const own = new Set(interfaces.flatMap(({ addresses }) => addresses.map(withoutPrefix)));
	const routes = all.filter((route) => leadsSomewhere(route, own) && !isDefault(route)).map(observedRoute);
	const gatewayInterface = all.find((route) => route.family === 4 && isDefault(route))?.interface ?? '';
	const loopback = new Set(links.filter(({ flags }) => flags.includes('LOOPBACK')).map(({ name }) => name));
	const leading = interfaces.filter((one) => !loopback.has(one.name) && leadsOut(one)).map(({ name }) => name);
	const defaults = all.filter(isDefault).map(({ interface: name }) => name);
	return { interfaces, routes, gatewayInterface, uplinks: [...new Set([...leading, ...defaults])].sort() };
}

/** Whether traffic of containers may leave by an interface: neither one of a kleened, nor a port of a bridge, which speaks for it. */
function leadsOut({ up, bridge, ours, madeBy, addresses }: ObservedInterface): boolean {
	return up && bridge === '' && ours !== true && madeBy === undefined && addresses.length > 0;
}

/** Default routes, too: for the inside of a container. */
export function routesOf(all: readonly NetstatRoute[]): ObservedRoute[] {
	return all.filter((route) => leadsSomewhere(route, new Set())).map(observedRoute);
}

function observedRoute({ destination, interface: name }: NetstatRoute): ObservedRoute {
	return { destination, interface: name };
}

function isDefault({ destination }: NetstatRoute): boolean {
	return destination.endsWith('/0');
}

/** Neither one that only refuses, nor the one by which the host speaks to an address of its own. */
function leadsSomewhere({ destination, flags }: NetstatRoute, own: ReadonlySet<string>): boolean {
	if (flags.includes('R') || isLinkLocal(destination)) return false;
	return !(flags.includes('H') && own.has(withoutPrefix(destination)));
}

/** Drivers whose interfaces somebody makes: in the group of their name, until a jail has had them. */
const CLONED = new Set([
	'bridge',
	'epair',
	'lo',
	'pflog',
	'pfsync',
	'vlan',
	'lagg',
	'tap',
	'tun',
	'gif',
	'gre',
	'wg',
	'vxlan',
]);

function typeOf({ name, groups }: IfconfigInterface): string {
	const byName = /^([a-z]+)\d+[ab]?$/.exec(name)?.[1] ?? '';
	return groups.find((group) => CLONED.has(group)) ?? (CLONED.has(byName) ? byName : '');
}
