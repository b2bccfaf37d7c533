import { KleeneError } from '#errors/kleene-error.ts';
import type { StackPart } from '#model/parts/stack.ts';
import { hasCode } from '#os/errno.ts';
import { Rtnetlink } from '#os/linux/netlink/rtnetlink.ts';
import {
	closeNamespace,
	createNamespace,
	inodeOf,
	isSameNamespace,
	openNamespaceOf,
	openOwnerOf,
	within,
} from '#os/linux/netns.ts';
import type { PartHandler } from '../handler.ts';
import { conf6, type Setting, writeSettings } from '../network/sysctl.ts';

export interface Stack {
	/** Belongs to `Stacks`: do not close it. */
	readonly fd: number;
	/** Path of the namespace for other processes, as in the `network` namespace of an OCI configuration. */
	readonly path: string;
	/** The same for the user namespace that it belongs to; undefined: the one of the daemon. */
	readonly owner: string | undefined;
}

/** Makes stacks that belong to a user namespace of their own. */
export interface StackOwner {
	createNetwork(): Promise<number>;
}

interface Held {
	readonly network: number;
	readonly owner: Owner | undefined;
}

/** User namespace of many stacks, with one descriptor for all of them. */
interface Owner {
	readonly fd: number;
	readonly inode: number;
	stacks: number;
}

/** Addresses are usable at once, routers of the network have no say, and a container does not route for others. */
const SETTINGS: readonly Setting[] = [
	['net/ipv4/ip_forward', 0],
	[conf6('default', 'accept_dad'), 0],
	[conf6('default', 'accept_ra'), 0],
	[conf6('default', 'autoconf'), 0],
];

/**
 * The network namespaces of containers, each held by one descriptor from `make` or `adopt` until `unmake`.
 * Until its first process runs, the descriptor is all that keeps a namespace alive, so a killed daemon leaks none.
 */
export class Stacks implements PartHandler<'stack'> {
	readonly #held = new Map<string, Held>();
	/** By inode. */
	readonly #owners = new Map<number, Owner>();
	readonly #owner: StackOwner | undefined;

	/** @param owner of the stacks that their containers may configure; undefined: they are the daemon's, as all others */
	constructor(owner?: StackOwner) {
		this.#owner = owner;
	}

	async make({ container, spec }: StackPart): Promise<void> {
		if (this.#held.has(container)) return;
		const owner = spec?.netAdmin ? this.#owner : undefined;
		this.#hold(container, owner === undefined ? createNamespace(prepare) : await prepared(owner.createNetwork()));
	}

	unmake({ container }: StackPart): void {
		const held = this.#held.get(container);
		this.#held.delete(container);
		if (held !== undefined) this.#letGo(held);
	}

	describe(verb: 'make' | 'unmake', { container }: StackPart): string[] {
		if (verb === 'unmake') return [`ip netns delete ${container}`];
		return [`ip netns add ${container}`, `ip -n ${container} link set lo up`];
	}

	of(container: string): Stack | undefined {
		const held = this.#held.get(container);
		if (held === undefined) return undefined;
		const { network, owner } = held;
		return { fd: network, path: pathOf(network), owner: owner && pathOf(owner.fd) };
	}

	/**
	 * Take hold of the namespace of a container that runs already, after the daemon was started again.
	 *
	 * @returns false when there is no such process
	 */
	adopt(container: string, pid: number): boolean {
		let fd: number;
		try {
			fd = openNamespaceOf(pid);
		} catch (error) {
			if (hasCode(error, 'ENOENT', 'ESRCH')) return false;
			throw error;
		}
		const held = this.#held.get(container);
		if (held !== undefined && isSameNamespace(held.network, fd)) {
			closeNamespace(fd);
			return true;
		}
		if (held !== undefined) this.#letGo(held);
		this.#hold(container, fd);
		return true;
	}

	/** Do something inside; undefined when the container has no stack (any more). */
	tryEnter<T>(container: string, run: (net: Rtnetlink) => T): T | undefined {
		const held = this.#held.get(container);
		if (held === undefined) return undefined;
		const net = Rtnetlink.open(held.network);
		try {
			return run(net);
		} finally {
			net.close();
		}
	}

	enter<T>(container: string, run: (net: Rtnetlink) => T): T {
		this.require(container);
		return this.tryEnter(container, run) as T;
	}

	/** Descriptor of the namespace. */
	require(container: string): number {
		const held = this.#held.get(container);
		if (held !== undefined) return held.network;
		throw new KleeneError({
			code: 'HOST_FAILED',
			what: `cannot configure the network of container ${container}`,
			why: 'it has no network stack on this host',
			hint: 'start the container again',
		});
	}

	close(): void {
		for (const held of this.#held.values()) this.#letGo(held);
		this.#held.clear();
	}

	/** Takes over the descriptor. */
	#hold(container: string, network: number): void {
		try {
			this.#held.set(container, { network, owner: this.#ownerOf(network) });
		} catch (error) {
			closeNamespace(network);
			throw error;
		}
	}

	#ownerOf(network: number): Owner | undefined {
		const fd = openOwnerOf(network);
		if (fd === undefined) return undefined;
		const inode = inodeOf(fd);
		const known = this.#owners.get(inode);
		if (known !== undefined) closeNamespace(fd);
		const owner = known ?? { fd, inode, stacks: 0 };
		owner.stacks += 1;
		this.#owners.set(inode, owner);
		return owner;
	}

	#letGo({ network, owner }: Held): void {
		closeNamespace(network);
		if (owner === undefined) return;
		owner.stacks -= 1;
		if (owner.stacks > 0) return;
		closeNamespace(owner.fd);
		this.#owners.delete(owner.inode);
	}
}

function pathOf(fd: number): string {
	return `/proc/${process.pid}/fd/${fd}`;
}

async function prepared(creation: Promise<number>): Promise<number> {
	const network = await creation;
	try {
		within(network, prepare);
		return network;
	} catch (error) {
		closeNamespace(network);
		throw error;
	}
}

function prepare(): void {
	writeSettings(SETTINGS);
	const net = Rtnetlink.open();
	try {
		net.links.set('lo', { up: true });
	} finally {
		net.close();
	}
}
