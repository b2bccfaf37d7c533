import { existsSync } from 'node:fs';
import type { OptionRefusal } from '#model/host/traits.ts';
import { within } from '#os/linux/netns.ts';
import { hasProtocol } from '#os/linux/sockets.ts';

/** Protocol number (IANA). */
const SCTP = 132;
/** There where the kernel tracks associations of SCTP (CONFIG_NF_CT_PROTO_SCTP). */
const TRACKED = '/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_established';

/** Why no port can be published for SCTP; undefined: it can. @param hostNamespace descriptor; undefined: the daemon's own */
export function sctpRefusal(hostNamespace: number | undefined): OptionRefusal | undefined {
	if (!hasProtocol(SCTP))
		return {
			reason: 'the kernel has no SCTP (CONFIG_IP_SCTP)',
			hint: 'load it with "modprobe sctp" and restart kleened, or publish the port for tcp or udp',
		};
	const tracks = () => existsSync(TRACKED);
	if (hostNamespace === undefined ? tracks() : within(hostNamespace, tracks)) return undefined;
	return {
		reason: 'the kernel tracks no connections of SCTP (CONFIG_NF_CT_PROTO_SCTP)',
		hint: 'use a kernel that does, or publish the port for tcp or udp',
	};
}
