import { type ParentPortPart, parentPortInterface } from '#model/parts/network-interface.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { refuse } from '../refusals.ts';
import { look } from './marks.ts';

/**
 * An interface that somebody else made, or a vlan(4) of it, as a member of a bridge. `addm` sets the interface to
 * promiscuous mode, and refuses it where its MTU differs and it is not the first member. Its IPv4 addresses go on working:
 * ARP takes those of a member for the bridge's own (`BDG_MEMBER_MATCHES_ARP` in sys/netinet/if_ether.c). Of IPv6 it may lose its
 * addresses (`bridge_ioctl_add` in sys/net/if_bridge.c), so there it has none: the engine sees to that.
 */
export const parentPorts: PartHandler<'parent-port'> = {
	make(part) {
		const name = parentPortInterface(part);
		return lines(
			sh`if ${look(part.parent)}; then :; else ${missing(part, part.parent)}; fi`,
			...(part.vlan === undefined
				? []
				: [
						sh`ifconfig ${part.parent} up`,
						sh`if ${look(name)}; then :; else ifconfig vlan create vlandev ${part.parent} vlan ${`${part.vlan}`} name ${name} >/dev/null; fi`,
					]),
			sh`if ${look(part.bridge)}; then`,
			sh`	case $there in ${member(name)}) ;; *) ifconfig ${part.bridge} addm ${name} ;; esac`,
			sh`else ${missing(part, part.bridge)}; fi`,
			sh`ifconfig ${name} up`,
		);
	},

	unmake(part) {
		const name = parentPortInterface(part);
		return lines(
			sh`if ${look(part.bridge)}; then`,
			sh`	case $there in ${member(name)}) ifconfig ${part.bridge} deletem ${name} ;; esac`,
			sh`fi`,
			...(part.vlan === undefined ? [] : [sh`if ${look(name)}; then ifconfig ${name} destroy; fi`]),
		);
	},

	describe(verb, part) {
		const { bridge, parent, vlan } = part;
		const name = parentPortInterface(part);
		if (verb === 'unmake')
			return [`ifconfig ${bridge} deletem ${name}`, ...(vlan === undefined ? [] : [`ifconfig ${name} destroy`])];
		return [
			...(vlan === undefined ? [] : [`ifconfig vlan create vlandev ${parent} vlan ${vlan} name ${name}`]),
			`ifconfig ${bridge} addm ${name}`,
			`ifconfig ${name} up`,
		];
	},
};

function member(name: string): Script {
	return sh`*${`\tmember: ${name} `}*`;
}

function missing(part: ParentPortPart, name: string): Script {
	return refuse('make', part, {
		code: 'NO_SUCH_INTERFACE',
		why: `the host has no interface ${name}`,
		hint: 'bring it back, or remove the network and create it on another --parent',
	});
}
