/** The world outside of a test host: another namespace at the far end of the host's uplink, which is its default route. */
import { outputOf } from '../command.ts';
import { createNamespace, removeNamespace, within } from '../network-namespace.ts';

/** Addresses of both ends of the uplink. */
export const UPLINK = { interface: 'uplink0', host: '192.0.2.1', host6: '2001:db8:2::1' } as const;
export const FAR = { interface: 'far0', address: '192.0.2.2', address6: '2001:db8:2::2' } as const;

/** Both ends of a cable between a host and the world. */
export interface Ends {
	readonly near: { readonly interface: string; readonly host: string; readonly host6: string };
	readonly far: { readonly interface: string; readonly address: string; readonly address6: string };
}

/** Another way out, by another provider or a VPN. */
export const SECOND = {
	near: { interface: 'uplink1', host: '203.0.113.1', host6: '2001:db8:3::1' },
	far: { interface: 'far1', address: '203.0.113.2', address6: '2001:db8:3::2' },
} as const;

/** Addresses that the world has behind each of its ends, so that only the route decides by which it is reached. */
export const WORLD = { address: '198.51.100.9', address6: '2001:db8:9::9' } as const;

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
			await outside.#connect(host, { near: UPLINK, far: FAR });
			const ways = `ip route add default via ${FAR.address}; ip -6 route add default via ${FAR.address6}`;
			await outputOf([...within(host), 'sh', '-ec', ways]);
		} catch (error) {
			await outside.close();
			throw error;
		}
		return outside;
	}

	/** The world at the end of another cable, without a route to it; at any time. */
	static async behind(host: string, ends: Ends = SECOND): Promise<Outside> {
		const outside = new Outside(`${host}-${ends.near.interface}`);
		await createNamespace(outside.namespace);
		try {
			await outside.#connect(host, ends);
			await outside.haveWorld();
		} catch (error) {
			await outside.close();
			throw error;
		}
		return outside;
	}

	/** It answers for `WORLD`, too. */
	async haveWorld(): Promise<void> {
		const own = `ip address add ${WORLD.address}/32 dev lo; ip address add ${WORLD.address6}/128 dev lo nodad`;
		await outputOf([...this.place, 'sh', '-ec', own]);
	}

	async #connect(host: string, { near, far }: Ends): Promise<void> {
		const ends = [
			{ place: within(host), name: near.interface, addresses: [near.host, near.host6] },
			{ place: within(this.namespace), name: far.interface, addresses: [far.address, far.address6] },
		];
		const peer = ['peer', 'name', far.interface, 'netns', `/run/netns/${this.namespace}`];
		await outputOf([...within(host), 'ip', 'link', 'add', near.interface, 'type', 'veth', ...peer]);
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
