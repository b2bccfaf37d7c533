import type { HostTraits } from '#model/host/traits.ts';

/** Host-specific texts for administrators, and limits. */
export interface HostCustoms {
	/** Members that a bridge can have. */
	readonly bridgePorts: number;
	/** Commands that show what there is, as part of a sentence. */
	readonly look: string;
	readonly lookAtRules: string;
	setMac(name: string, mac: string): string;
	setMtu(name: string, mtu: number): string;
	destroy(name: string): string;
}

const WITH_IP: HostCustoms = {
	/** Ports that a bridge of the Linux kernel can have: BR_MAX_PORTS less the one that is no port. */
	bridgePorts: 1023,
	look: 'look at the host with "ip address" and "nft list table inet kleene"',
	lookAtRules: 'look at it with "nft list table inet kleene" and delete it with nft',
	setMac: (name, mac) => `ip link set ${name} address ${mac}`,
	setMtu: (name, mtu) => `ip link set ${name} mtu ${mtu}`,
	destroy: (name) => `ip link delete ${name}`,
};

const WITH_IFCONFIG: HostCustoms = {
	/** if_bridge(4) has a list without an end. */
	bridgePorts: Number.POSITIVE_INFINITY,
	look: `look at the host with "ifconfig -a" and "pfctl -a 'kleene/*' -s rules"`,
	lookAtRules: `look at it with "pfctl -a 'kleene/*' -s rules" and flush its anchor with "pfctl -a ANCHOR -F all"`,
	setMac: (name, mac) => `ifconfig ${name} ether ${mac}`,
	setMtu: (name, mtu) => `ifconfig ${name} mtu ${mtu}`,
	destroy: (name) => `ifconfig ${name} destroy`,
};

/** A host that knows jail(8) has ifconfig(8) and pfctl(8). */
export function customsOf({ jailParameters }: HostTraits): HostCustoms {
	return jailParameters === 'native' ? WITH_IFCONFIG : WITH_IP;
}
