/** The name servers that questions are forwarded to. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { isIP, isIPv6 } from 'node:net';
import { KleeneError } from '#errors/kleene-error.ts';

export const DNS_PORT = 53;
/** Milliseconds between two looks at whether the host's configuration changed. */
const LOOK_INTERVAL = 1000;
const CONFIGURATION = '/etc/resolv.conf';
/** systemd-resolved on the loopback, and where it writes which servers it asks itself. */
const RESOLVED_STUBS = ['127.0.0.53', '127.0.0.54'];
const RESOLVED_SERVERS = '/run/systemd/resolve/resolv.conf';

export interface Upstream {
	/** Numeric; IPv6 may have a zone (`fe80::1%eth0`). */
	readonly host: string;
	readonly port: number;
}

/** Called for each question that is forwarded: the servers in the order in which they are to be asked. */
export type Upstreams = () => readonly Upstream[];

/** @param texts `1.2.3.4`, `1.2.3.4:5353`, `fd00::1`, `[fd00::1]:5353` */
export function fixedUpstreams(texts: readonly string[]): Upstreams {
	const servers = texts.map((text) => {
		const server = parseUpstream(text);
		if (server) return server;
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: `cannot forward names to ${JSON.stringify(text)}`,
			why: 'it is not the address of a name server',
			hint: 'write an address, or an address and a port: 10.0.0.1:53 or [fd00::1]:53',
		});
	});
	return () => servers;
}

export function parseUpstream(text: string): Upstream | undefined {
	if (isIP(text)) return { host: text, port: DNS_PORT };
	const [, six, four, digits] = /^(?:\[([^\]]+)\]|([\d.]+)):(\d{1,5})$/.exec(text) ?? [];
	const host = six ?? four ?? '';
	const port = Number(digits);
	if (!isIP(host) || isIPv6(host) !== (six !== undefined) || !(port >= 1 && port <= 65_535)) return undefined;
	return { host, port };
}

/** The name servers of a resolv.conf(5), in order. What is no address is passed over, as the C library does. */
export function parseNameServers(text: string): Upstream[] {
	const servers = text.split('\n').map((line) => /^\s*nameserver\s+([^\s;#]+)/.exec(line)?.[1]);
	return servers.flatMap((host) => (host !== undefined && isIP(host) ? [{ host, port: DNS_PORT }] : []));
}

/**
 * The resolv.conf(5) of a host. One that is a named network namespace may have its own.
 * Source: ip-netns(8), "/etc/netns/NAME/".
 *
 * @param netns name or path of the namespace; undefined: the daemon's own
 */
export function resolverConfiguration(netns: string | undefined): string {
	const own = `/etc/netns/${netns}/resolv.conf`;
	return netns !== undefined && !netns.includes('/') && existsSync(own) ? own : CONFIGURATION;
}

/**
 * The host's own name servers, read again when the file changes, at most each second.
 *
 * systemd-resolved stays first where it is configured: it knows which server serves which domain (VPNs). Questions are
 * asked on the host, so its loopback address works. Its servers come after it, for while it does not answer.
 *
 * @param stubServers the file where systemd-resolved writes what lies behind it
 */
export function hostUpstreams(path: string, stubServers = RESOLVED_SERVERS): Upstreams {
	const own = nameServersOf(path);
	const behind = nameServersOf(stubServers);
	return () => {
		const servers = own();
		return servers.some(({ host }) => RESOLVED_STUBS.includes(host)) ? [...servers, ...behind()] : servers;
	};
}

function nameServersOf(path: string): Upstreams {
	let servers: readonly Upstream[] = [];
	let seen: string | undefined;
	let looked = Number.NEGATIVE_INFINITY;
	return () => {
		const now = performance.now();
		if (now - looked < LOOK_INTERVAL) return servers;
		looked = now;
		const version = versionOf(path);
		if (version === seen) return servers;
		seen = version;
		servers = version === undefined ? [] : read(path);
		return servers;
	};
}

/** Other programs replace the file, or what it links to, as often as they write it. */
function versionOf(path: string): string | undefined {
	const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
	return stat && `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeNs} ${stat.ctimeNs}`;
}

function read(path: string): Upstream[] {
	try {
		return parseNameServers(readFileSync(path, 'utf8'));
	} catch {
		return []; // Gone between two calls; the next look finds out.
	}
}
