import type { Family } from '#inet/family.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';

/** The kernel forwards for all its interfaces or for none. */
const SETTING = { 4: 'net.inet.ip.forwarding', 6: 'net.inet6.ip6.forwarding' } as const;

/**
 * A host that forwards IPv6 listens to no router any more, unless it is told to: one that has its own default route from
 * announcements must keep it. So it is looked at before it is set.
 */
export function forward(family: Family): Script {
	const setting = SETTING[family];
	if (family === 4) return sh`sysctl ${`${setting}=1`} >/dev/null`;
	const listening = sh`	case $(ifconfig -a) in *ACCEPT_RTADV*) sysctl net.inet6.ip6.rfc6204w3=1 >/dev/null ;; esac`;
	return lines(
		sh`if [ "$(sysctl -n ${setting})" != 1 ]; then`,
		listening,
		sh`	sysctl ${`${setting}=1`} >/dev/null`,
		sh`fi`,
	);
}

export function describeForwarding(family: Family): string {
	return `sysctl ${SETTING[family]}=1`;
}

/** Current settings of this host, one line `<family> <value>` each. */
export const forwardingSection: Script = sh`for family in 4 6; do
	case $family in 4) setting=${SETTING[4]} ;; *) setting=${SETTING[6]} ;; esac
	printf '%s %s\\n' $family "$(sysctl -n $setting 2>/dev/null)"
done`;
