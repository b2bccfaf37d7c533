import { messageOf } from '#errors/kleene-error.ts';
import { UserNamespace } from '#os/linux/userns.ts';
import type { StackOwner } from './stacks.ts';

/**
 * Owner of the stacks that containers configure themselves. In the user namespace of the daemon their CAP_NET_ADMIN
 * would be one over every network of the machine: docs/adr/011-vnet-containers-in-a-user-namespace.md.
 */
export class OwnUserNamespace implements StackOwner {
	readonly #program: string;
	#namespace: Promise<UserNamespace>;

	/** @returns why it cannot be had here, for the facts of the host, instead of the owner */
	static async open(program: string): Promise<OwnUserNamespace | string> {
		try {
			return new OwnUserNamespace(program, await UserNamespace.open(program));
		} catch (error) {
			return `no user namespaces (${messageOf(error)}): root in a vnet container can change the network of the host`;
		}
	}

	private constructor(program: string, namespace: UserNamespace) {
		this.#program = program;
		this.#namespace = Promise.resolve(namespace);
	}

	/** Replace a keeper that was killed. Never fall back to the namespace of the daemon: fail instead. */
	async createNetwork(): Promise<number> {
		const last = this.#namespace;
		const namespace = await last.catch(() => undefined);
		if (!namespace?.alive && this.#namespace === last) this.#namespace = UserNamespace.open(this.#program);
		return (await this.#namespace).createNetwork();
	}

	async close(): Promise<void> {
		const namespace = await this.#namespace.catch(() => undefined);
		await namespace?.close();
	}
}
