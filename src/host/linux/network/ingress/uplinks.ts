import { unitOfHostEnd } from '#model/cable.ts';
import type { Link } from '#os/linux/netlink/link/links.ts';
import type { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';

/**
 * Interfaces of the host by which packets of containers may leave, whatever its routes say now: routes come and go, and
 * this is to hold before the first packet. Interfaces of networks with names of their own are among them.
 */
export function listUplinks(net: Rtnetlink): string[] {
	const links = net.links.list();
	const byIndex = new Map(links.map((link) => [link.index, link]));
	const leadsOut = ({ name, up, master }: Link) => up && name !== 'lo' && !isOurs(name) && !isPort(byIndex.get(master));
	return links.filter(leadsOut).map(({ name }) => name);
}

/** Packets that arrive on a port arrive on what it is a port of; a VRF is no more than a table of routes. */
function isPort(master: Link | undefined): boolean {
	return master !== undefined && master.kind !== 'vrf';
}

function isOurs(name: string): boolean {
	return /^kleene\d+$/.test(name) || unitOfHostEnd(name) !== undefined;
}
