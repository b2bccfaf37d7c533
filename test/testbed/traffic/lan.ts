/** A LAN beside a test host: a second interface of the host, and a machine at the other end of it. */

import { outputOf } from '../command.ts';
import { createNamespace, removeNamespace, within } from '../network-namespace.ts';
import type { Landscape } from './landscape.ts';
import type { Place } from './peer.ts';

/** Interface of the host. */
export const PORT = 'lan0';

export interface Lan {
	/** The machine, whose interface is `eth0`. */
	readonly peer: Place;
	/** Name of its namespace. */
	readonly name: string;
	/** Runs commands on the machine. */
	run(...commands: readonly string[]): Promise<void>;
	remove(): Promise<void>;
}

/** @param addresses of the machine, with prefixes */
export async function createLan(land: Landscape, addresses: readonly string[]): Promise<Lan> {
	const name = `${land.host.namespace}-lan`;
	await createNamespace(name);
	const [host, peer] = [within(land.host.namespace), within(name)];
	const cable = `ip link add ${PORT} type veth peer name eth0 netns /run/netns/${name}`;
	await outputOf([...host, ...cable.split(' ')]);
	const run = async (...commands: readonly string[]) => {
		await outputOf([...peer, 'sh', '-ec', commands.join('\n')]);
	};
	await run(
		'sysctl -qw net.ipv6.conf.eth0.accept_dad=0 net.ipv4.ip_forward=0',
		'ip link set eth0 up',
		...addresses.map((address) => `ip address add ${address} dev eth0 ${address.includes(':') ? 'nodad' : ''}`),
	);
	return {
		peer,
		name,
		run,
		async remove() {
			await outputOf([...host, 'ip', 'link', 'delete', PORT]);
			await removeNamespace(name);
		},
	};
}
