/** The world outside of a test host: another namespace at the far end of the host's uplink, which is its default route. */
import { outputOf } from '../command.ts';
import { createNamespace, removeNamespace, within } from '../network-namespace.ts';

/** Addresses of both ends of the uplink. */
export const UPLINK = { interface: 'uplink0', host: '192.0.2.1', host6: '2001:db8:2::1' } as const;
export const FAR = { interface: 'far0', address: '192.0.2.2', address6: '2001:db8:2::2' } as const;

export class Outside {
	readonly namespace: string;

	private constructor(namespace: string) {
		this.namespace = namespace;
	}

	/** To be called before the host's daemon is started, which asks for the default route then. */
	static async beside(host: string): Promise<Outside> {
		const outside = new Outside(`${host}-out`);
		await createNamespace(outside.namespace);
		try {
			await outside.#connect(host);
		} catch (error) {
			await outside.close();
			throw error;
		}
		return outside;
	}

	async #connect(host: string): Promise<void> {
		const ends = [
			{ place: within(host), name: UPLINK.interface, addresses: [UPLINK.host, UPLINK.host6] },
			{ place: within(this.namespace), name: FAR.interface, addresses: [FAR.address, FAR.address6] },
		];
		const peer = ['peer', 'name', FAR.interface, 'netns', `/run/netns/${this.namespace}`];
		await outputOf([...within(host), 'ip', 'link', 'add', UPLINK.interface, 'type', 'veth', ...peer]);
		for (const { place, name, addresses } of ends) {
			const [address4, address6] = addresses;
			const commands = [
				`sysctl -qw net.ipv6.conf.${name}.accept_dad=0`,
				`ip link set ${name} up`,
				`ip address add ${address4}/24 dev ${name}`,
				`ip address add ${address6}/64 dev ${name} nodad`,
				// The kernel adds the route to itself a moment later: what is compared with the host of before has to have it.
				`for i in $(seq 200); do ip -6 route show table local | grep -q "^local ${address6} " && break; sleep 0.02; done`,
			];
			await outputOf([...place, 'sh', '-ec', commands.join('\n')]);
		}
		const ways = `ip route add default via ${FAR.address}; ip -6 route add default via ${FAR.address6}`;
		await outputOf([...within(host), 'sh', '-ec', ways]);
	}

	/** Let it know a way to a network behind the host, as an attacker on the same segment would. */
	async route(subnet: string): Promise<void> {
		const [family, via] = subnet.includes(':') ? ['-6', UPLINK.host6] : ['-4', UPLINK.host];
		await outputOf([...this.place, 'ip', family, 'route', 'replace', subnet, 'via', via]);
	}

	/** The words before a command that make it run out there. */
	get place(): string[] {
		return within(this.namespace);
	}

	close(): Promise<void> {
		return removeNamespace(this.namespace);
	}
}
