import { KleeneError } from '#errors/kleene-error.ts';
import { hasCode } from '#kernel/errno.ts';
import { Rtnetlink } from '#kernel/netlink/rtnetlink.ts';
import { closeNamespace, createNamespace, isSameNamespace, openNamespaceOf } from '#kernel/netns.ts';
import type { StackPart } from '#model/part.ts';
import type { PartHandler } from './handler.ts';
import { conf6, type Setting, writeSettings } from './sysctl.ts';

export interface Stack {
	/** Belongs to `Stacks`: do not close it. */
	readonly fd: number;
	/** Where another process finds it, for the `network` namespace of an OCI configuration. */
	readonly path: string;
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
	readonly #held = new Map<string, number>();

	make({ container }: StackPart): void {
		if (!this.#held.has(container)) this.#held.set(container, createNamespace(prepare));
	}

	unmake({ container }: StackPart): void {
		const fd = this.#held.get(container);
		this.#held.delete(container);
		if (fd !== undefined) closeNamespace(fd);
	}

	describe(verb: 'make' | 'unmake', { container }: StackPart): string[] {
		if (verb === 'unmake') return [`ip netns delete ${container}`];
		return [`ip netns add ${container}`, `ip -n ${container} link set lo up`];
	}

	of(container: string): Stack | undefined {
		const fd = this.#held.get(container);
		return fd === undefined ? undefined : { fd, path: `/proc/${process.pid}/fd/${fd}` };
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
		if (held !== undefined && isSameNamespace(held, fd)) {
			closeNamespace(fd);
			return true;
		}
		if (held !== undefined) closeNamespace(held);
		this.#held.set(container, fd);
		return true;
	}

	/** Do something inside; undefined when the container has no stack (any more). */
	tryEnter<T>(container: string, run: (net: Rtnetlink) => T): T | undefined {
		const fd = this.#held.get(container);
		if (fd === undefined) return undefined;
		const net = Rtnetlink.open(fd);
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
		const fd = this.#held.get(container);
		if (fd !== undefined) return fd;
		throw new KleeneError({
			code: 'HOST_FAILED',
			what: `cannot configure the network of container ${container}`,
			why: 'it has no network stack on this host',
			mend: 'start the container again',
		});
	}

	close(): void {
		for (const fd of this.#held.values()) closeNamespace(fd);
		this.#held.clear();
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
