/** The network of the host and of other containers. */
import type { Attack } from '../attack.ts';

const OWN = 'capabilities; vnet has them for its own network only';
const own = (allowed: string, refused = 'EPERM') => {
	return { vnet: allowed, ipnet: refused, host: refused, disabled: refused };
};

/** HOST_NAME stands for the abstract name of a unix socket of the host. */
export const NETWORK: readonly Attack[] = [
	{ what: 'delete the loopback interface', run: { call: 'link-delete' }, outcome: own('EOPNOTSUPP'), by: OWN },
	{ what: 'change an interface', run: { call: 'link-set' }, outcome: own('done'), by: OWN },
	{ what: 'list firewall rules (nftables)', run: { call: 'nftables' }, outcome: own('done'), by: OWN },
	{ what: 'send any frame (packet socket)', run: { call: 'packet' }, outcome: own('done'), by: OWN },
	{ what: 'send any IP packet (raw socket)', run: { call: 'raw' }, outcome: own('done'), by: OWN },
	{
		what: 'take an address of another container',
		run: { script: 'ip address add 10.4.6.77/32 dev lo 2>/dev/null && echo done || echo refused' },
		outcome: own('done', 'refused'),
		by: `${OWN}: see borrowed addresses below`,
	},
	{
		what: 'connect to an abstract unix socket of the host',
		run: { call: 'abstract=HOST_NAME' },
		outcome: { vnet: 'ECONNREFUSED', ipnet: 'ECONNREFUSED', host: 'done', disabled: 'ECONNREFUSED' },
		by: 'network namespace; the host driver shares that of the host',
	},
];
