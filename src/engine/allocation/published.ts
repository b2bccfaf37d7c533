import { KleeneError } from '#errors/kleene-error.ts';
import { familyOf } from '#inet/family.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { type PortProtocol, type PublishedPort, parsePortRange } from '#model/port.ts';

/** Which running container holds which ports of the host. A port on every address and one on a single address clash. */
export class PublishedPorts {
	/** `tcp/8080` → address (`''` for every one) → container. */
	readonly #held = new Map<string, Map<string, string>>();

	/** All of them or none. @param nameOf for the refusal */
	claim(parts: readonly PublishedPortsPart[], nameOf: (container: string) => string): void {
		const claimed: PublishedPortsPart[] = [];
		try {
			for (const part of parts) {
				this.#requireFree(part, nameOf);
				this.#hold(part);
				claimed.push(part);
			}
		} catch (error) {
			this.release(claimed);
			throw error;
		}
	}

	#hold(part: PublishedPortsPart): void {
		for (const key of keysOf(part)) {
			const holders = this.#held.get(key) ?? new Map<string, string>();
			holders.set(slotOf(part), part.container);
			this.#held.set(key, holders);
		}
	}

	/** Those that their containers hold: one that nobody holds, or somebody else by now, stays as it is. */
	release(parts: readonly PublishedPortsPart[]): void {
		for (const part of parts)
			for (const key of keysOf(part)) {
				const holders = this.#held.get(key);
				if (holders?.get(slotOf(part)) !== part.container) continue;
				holders.delete(slotOf(part));
				if (holders.size === 0) this.#held.delete(key);
			}
	}

	isFree(protocol: PortProtocol, port: number): boolean {
		return !this.#held.has(`${protocol}/${port}`);
	}

	#requireFree(part: PublishedPortsPart, nameOf: (container: string) => string): void {
		for (const key of keysOf(part)) {
			const clash = [...(this.#held.get(key) ?? [])].find(([slot]) => clashes(slot, slotOf(part)));
			if (!clash) continue;
			const port = key.split('/').toReversed().join('/');
			const holder = nameOf(clash[1]);
			const itself = clash[1] === part.container;
			throw new KleeneError({
				code: 'PORT_TAKEN',
				what: `cannot publish port ${port} for container ${nameOf(part.container)}`,
				why: itself ? 'it publishes that port twice' : `container ${holder} already holds it`,
				hint: itself
					? 'create it anew with each host port once'
					: `stop that one with "klee stop ${holder}", or choose another host port`,
			});
		}
	}
}

/** Which ports of the host some container publishes when it runs: no other one is to be given them for want of a choice. */
export class ReservedPorts {
	/** `tcp/8080` → how many containers name it. */
	readonly #counts = new Map<string, number>();

	add(ports: readonly PublishedPort[]): void {
		this.#count(ports, 1);
	}

	remove(ports: readonly PublishedPort[]): void {
		this.#count(ports, -1);
	}

	has(protocol: PortProtocol, port: number): boolean {
		return this.#counts.has(`${protocol}/${port}`);
	}

	#count(ports: readonly PublishedPort[], change: number): void {
		for (const port of ports)
			for (const key of keysOf({ protocol: port.protocol, ...parsePortRange(port) })) {
				const count = (this.#counts.get(key) ?? 0) + change;
				if (count > 0) this.#counts.set(key, count);
				else this.#counts.delete(key);
			}
	}
}

function* keysOf({
	protocol,
	first,
	last,
}: Pick<PublishedPortsPart, 'protocol' | 'first' | 'last'>): Generator<string> {
	for (let port = first; port <= last; port += 1) yield `${protocol}/${port}`;
}

/** IPv4 and IPv6 are apart even when a port is published on every address. */
function slotOf({ hostAddress, target }: PublishedPortsPart): string {
	return `${familyOf(target)} ${hostAddress}`;
}

function clashes(one: string, other: string): boolean {
	const [familyOfOne, address] = one.split(' ');
	const [familyOfOther, otherAddress] = other.split(' ');
	return familyOfOne === familyOfOther && (address === otherAddress || address === '' || otherAddress === '');
}
