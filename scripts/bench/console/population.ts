/** A host with many containers on many networks, as the daemon tells of it, and changes of it without end. */
import type { EndPoint } from '#api/endpoints.ts';
import type { Network } from '#api/networks.ts';
import type { Topology, TopologyChange, TopologyContainer } from '#api/observability/topology.ts';
import type { EndpointCounters } from '#api/observability/traffic.ts';

export const CONTAINERS = 300;
export const NETWORKS = 30;

export class Population {
	readonly #networks = Array.from({ length: NETWORKS }, (_, index) => networkOf(index));
	readonly #running = new Array<boolean>(CONTAINERS).fill(true);
	/** Containers that are there, and those of them that are on a second network. */
	readonly #present = new Array<boolean>(CONTAINERS).fill(true);
	readonly #doubled = new Array<boolean>(CONTAINERS).fill(false);
	#turn = 0;
	#moved = 0;

	topology(): Topology {
		const numbers = [...Array(CONTAINERS).keys()].filter((number) => this.#present[number]);
		const uplink = { interface: 'eth0', addresses: ['192.0.2.1/24'], up: true, default_route: true };
		return {
			type: 'topology',
			host: { os: 'Debian', release: '12', uplinks: [uplink] },
			networks: this.#networks,
			containers: numbers.map((number) => this.#container(number)),
			endpoints: numbers.flatMap((number) => this.#endpoints(number)),
		};
	}

	/** The next change: a container stops or starts, is connected or disconnected, goes or comes, in turn. */
	change(): TopologyChange {
		const kind = this.#turn % 3;
		// All over the map; each comes as often as it goes.
		const number = (Math.floor(this.#turn / 6) * 77 + kind * 13) % CONTAINERS;
		this.#turn += 1;
		const states = [this.#running, this.#doubled, this.#present][kind];
		if (states) states[number] = !states[number];
		const removed: TopologyChange['removed'] = { networks: [], containers: [], endpoints: [] };
		const change = { type: 'change' as const, networks: [], containers: [], endpoints: [], removed };
		if (!this.#present[number]) return { ...change, removed: { ...removed, containers: [`c${number}`] } };
		const endpoints = this.#endpoints(number);
		const loose = kind === 1 && !this.#doubled[number] ? [`e${number}-1`] : [];
		return {
			...change,
			containers: [this.#container(number)],
			endpoints,
			removed: { ...removed, endpoints: loose },
		};
	}

	/** Every endpoint has moved on since the last time. */
	counters(): EndpointCounters[] {
		this.#moved += 1;
		const all = [...Array(CONTAINERS).keys()].flatMap((number) => this.#endpoints(number));
		return all.map(({ id, container_id, network_id }, index) => {
			const bytes = this.#moved * 10 ** (2 + (index % 6));
			const packets = { received_packets: bytes, sent_packets: bytes, dropped: 0 };
			return {
				...{ endpoint_id: id, container_id, network_id },
				...packets,
				received_bytes: bytes,
				sent_bytes: bytes * (index % 2),
			};
		});
	}

	#container(number: number): TopologyContainer {
		const ports = number % 5 === 0 ? [portOf(8000 + number)] : [];
		return {
			...{ id: `c${number}`, name: `container${number}`, image: 'Debian:latest', network_driver: 'vnet' },
			...{ running: this.#running[number] === true, health: null, end: null, public_ports: ports },
			created: '2026-12-01T00:00:00.000000Z',
		};
	}

	#endpoints(number: number): EndPoint[] {
		const networks = [number % NETWORKS, ...(this.#doubled[number] ? [(number + 7) % NETWORKS] : [])];
		return networks.map((network, index) => ({
			...{ id: `e${number}-${index}`, container_id: `c${number}`, network_id: `n${network}` },
			...{ ip_address: `10.4.${network}.${(number % 250) + 2}`, ip_address6: '', mac: '02:00:00:00:00:01' },
			...{ default_route: false, aliases: [], epair: `epair${number * 2 + index}` },
		}));
	}
}

function portOf(host: number): TopologyContainer['public_ports'][number] {
	const addresses = { interfaces: [], ip_address: '', ip_address6: '' };
	return { ...addresses, host_port: String(host), container_port: '80', protocol: 'tcp' };
}

function networkOf(index: number): Network {
	const subnets = { subnet: `10.4.${index}.0/24`, subnet6: '', gateway: '<auto>', gateway6: '' };
	const reach = {
		nat: '<host-gateway>',
		nat6: false,
		icc: index % 4 !== 0,
		internal: index % 5 === 0,
		dns: true,
		mtu: 0,
	};
	return { id: `n${index}`, name: `net${index}`, type: 'bridge', interface: `kleene${index}`, ...subnets, ...reach };
}
