import type { Joining } from '#api/endpoints.ts';
import type { ConnectRequest } from '#engine/operations/network/endpoints.ts';

/** Translates endpoint settings of a request for the engine. */
export function joiningOf(body: Joining): Omit<ConnectRequest, 'container'> {
	const { network, ip_address: ipAddress, ip_address6: ipAddress6, mac, aliases, default_route } = body;
	const ours = { ...(mac ? { mac } : {}), defaultRoute: default_route === true, aliases: aliases ?? [] };
	return { network, ipAddress, ipAddress6, ...ours };
}
