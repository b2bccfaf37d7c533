/**
 * Traffic on a host with one vnet and one ipnet container that publish ports: from outside, the host, members of both
 * networks and the containers themselves, over TCP and UDP, IPv4 and IPv6, and to their own addresses.
 */
import { type Flow, FlowEnd, losses, type Tallies } from './flows.ts';
import type { Landscape, Member } from './landscape.ts';
import { FAR, UPLINK } from './outside.ts';

const DRIVERS = { vnet: { base: 8000, host: 10 }, ipnet: { base: 9000, host: 20 } } as const;
type Driver = keyof typeof DRIVERS;
const EVERYWHERE = [UPLINK.host, UPLINK.host6];

/** Every address, one address, an interface, a range. */
const publishedBy = (base: number) => [
	...['-p', `${base + 1}:81`, '-p', `${base + 1}:81/udp`],
	...['-p', `${UPLINK.host}:${base + 2}:82/udp`, '-p', `[${UPLINK.host6}]:${base + 2}:82/udp`],
	...['-p', `${UPLINK.interface}:${base + 3}:83/udp`],
	...['-p', `${base + 100}-${base + 119}:${base + 100}-${base + 119}/udp`],
];

/** One in which both speak, and one in which only the server does, for each address. */
function flowsTo(who: string, protocol: 'tcp' | 'udp', port: number, addresses: readonly string[]): Flow[] {
	return addresses.flatMap((address) =>
		(['both', 'server'] as const).map((speaks) => {
			return { name: `${who}>${protocol}/${address}/${port}/${speaks}`, protocol, address, port, speaks };
		}),
	);
}

const fromOutside = (base: number): Flow[] => [
	...flowsTo('outside', 'tcp', base + 1, EVERYWHERE),
	...[1, 2, 3, 4, 100, 119].flatMap((offset) => flowsTo('outside', 'udp', base + offset, EVERYWHERE)),
];

const fromInside = (who: string, base: number, ...more: readonly string[]): Flow[] =>
	(['tcp', 'udp'] as const).flatMap((protocol) => flowsTo(who, protocol, base + 1, [...EVERYWHERE, ...more]));

/** To the addresses of the containers on their network. */
const direct = (who: string): Flow[] =>
	Object.values(DRIVERS).flatMap(({ host }) =>
		(['tcp', 'udp'] as const).flatMap((protocol) =>
			flowsTo(who, protocol, 81, [`10.4.6.${host}`, `fd00:4:6::${host}`]),
		),
	);

/** Sum of both ends. */
export interface Sum {
	readonly flows: number;
	readonly packets: number;
	/** Packets that did not arrive. */
	readonly lost: number;
	/** One line for each flow that lost, doubled or misled anything, or was broken. */
	readonly losses: readonly string[];
}

export class Load {
	readonly land: Landscape;
	readonly #servers: FlowEnd[] = [];
	readonly #callers: FlowEnd[] = [];

	private constructor(land: Landscape) {
		this.land = land;
	}

	/** On two networks of the landscape, which it makes. Resolves when all flows have begun. */
	static async start(land: Landscape): Promise<Load> {
		await land.network('-t', 'bridge', '--subnet', '10.4.6.0/24', '--subnet6', 'fd00:4:6::/64', 'net');
		await land.network('-t', 'bridge', '--subnet', '10.4.7.0/24', '--subnet6', 'fd00:4:7::/64', 'other');
		const load = new Load(land);
		try {
			const members = [await load.#serve('vnet'), await load.#serve('ipnet')] as const;
			await load.#call(members);
			return load;
		} catch (error) {
			await load.stop();
			throw error;
		}
	}

	async #serve(driver: Driver): Promise<Member> {
		const { base, host } = DRIVERS[driver];
		const addresses = ['--ip', `10.4.6.${host}`, '--ip6', `fd00:4:6::${host}`];
		const web = await this.land.member(driver, '-l', driver, '-n', 'net', ...addresses, ...publishedBy(base));
		const guarded = ['-p', `${base + 4}:84/udp`, '--publish-from', FAR.address, '--publish-from', FAR.address6];
		const friend = await this.land.member(`${driver}-guarded`, '-l', driver, '-n', 'net', ...guarded);
		const range = [100, 119].map((offset) => `udp/${base + offset}`);
		this.#servers.push(await FlowEnd.serve(web.place, ['tcp/81', 'udp/81', 'udp/82', 'udp/83', ...range]));
		this.#servers.push(await FlowEnd.serve(friend.place, ['udp/84']));
		return web;
	}

	async #call([vnet, ipnet]: readonly [Member, Member]): Promise<void> {
		const bases = Object.values(DRIVERS).map(({ base }) => base);
		const near = await this.land.member('near', '-l', 'vnet', '-n', 'net');
		const far = await this.land.member('far', '-l', 'ipnet', '-n', 'other');
		const places = [
			[this.land.outside.place, bases.flatMap(fromOutside)],
			[this.land.hostPlace, [...bases.flatMap((base) => fromInside('host', base, '127.0.0.1')), ...direct('host')]],
			[near.place, [...bases.flatMap((base) => fromInside('near', base)), ...direct('near')]],
			[far.place, bases.flatMap((base) => fromInside('far', base))],
			// By way of the host and back to itself.
			[vnet.place, fromInside('itself-vnet', DRIVERS.vnet.base)],
			[ipnet.place, fromInside('itself-ipnet', DRIVERS.ipnet.base)],
		] as const;
		const callers = await Promise.all(places.map(([place, flows]) => FlowEnd.call(place, flows)));
		this.#callers.push(...callers);
	}

	/** Lets everything under way arrive, and compares what was sent with what came. */
	async finish(): Promise<Sum> {
		for (const end of [...this.#callers, ...this.#servers]) await end.hush();
		await new Promise((resolve) => setTimeout(resolve, 1000));
		const [called, served] = [await tallies(this.#callers), await tallies(this.#servers)];
		const packets = [...Object.values(called), ...Object.values(served)].reduce((sum, { sent }) => sum + sent, 0);
		const sent = (name: string) => (called[name]?.sent ?? 0) + (served[name]?.sent ?? 0);
		const received = (name: string) => (called[name]?.received ?? 0) + (served[name]?.received ?? 0);
		const lost = Object.keys(called).reduce((sum, name) => sum + Math.max(0, sent(name) - received(name)), 0);
		return { flows: Object.keys(called).length, packets, lost, losses: losses(called, served) };
	}

	async stop(): Promise<void> {
		for (const end of [...this.#callers, ...this.#servers]) await end.stop();
	}
}

async function tallies(ends: readonly FlowEnd[]): Promise<Tallies> {
	return Object.assign({}, ...(await Promise.all(ends.map((end) => end.tallies()))));
}
