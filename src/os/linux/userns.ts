/**
 * A user namespace with the same ids as ours. Root in it has no rights outside: the kernel lets it change what
 * belongs to the namespace, and nothing else. A program with threads cannot enter one, so a small process stays in it
 * and makes the network namespaces that are to belong to it.
 */
import { writeFileSync } from 'node:fs';
import { open as launch, type Opened } from '../exec.ts';
import { SystemCallError } from './libc.ts';
import { openNamespaceOf } from './netns.ts';

/** All ids, each as itself. */
const EVERY_ID = '0 0 4294967295';

/** `n`: go into a new network namespace; `m`: try to mount what a container needs. */
type Order = 'n' | 'm';

export class UserNamespace {
	readonly #keeper: Opened;
	readonly #answers: AsyncIterator<number>;
	/** The network namespace that the keeper is in was not given away yet. */
	#fresh: Promise<void>;
	#alive = true;

	/**
	 * @param program an init of ours, see host/linux/init
	 * @throws SystemCallError where the kernel, or what this process runs in, does not have it
	 */
	static async open(program: string): Promise<UserNamespace> {
		const keeper = await launch([program, 'keeper'], { cwd: '/' });
		const namespace = new UserNamespace(keeper);
		try {
			await namespace.#fresh;
			for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${keeper.pid}/${map}`, EVERY_ID);
			await namespace.#order('m', 'mount of /proc and /sys');
			return namespace;
		} catch (error) {
			await namespace.close();
			throw error;
		}
	}

	private constructor(keeper: Opened) {
		this.#keeper = keeper;
		this.#answers = bytesOf(keeper.stdout);
		keeper.exited.then(
			() => (this.#alive = false),
			() => {},
		);
		this.#fresh = this.#answered('unshare');
		this.#fresh.catch(() => {});
	}

	/** False when somebody ended its process: what was made of it goes on, but nothing more can be made. */
	get alive(): boolean {
		return this.#alive;
	}

	/** A network namespace that belongs to it, as in `createNamespace`. The next one is made while this one is used. */
	createNetwork(): Promise<number> {
		const taken = this.#fresh.then(() => openNamespaceOf(this.#keeper.pid));
		const next = () => this.#order('n', 'unshare');
		this.#fresh = taken.then(next, next);
		this.#fresh.catch(() => {});
		return taken;
	}

	/** Resolves when the process is gone; the namespace lives as long as anything in it. */
	async close(): Promise<void> {
		this.#keeper.kill('SIGKILL');
		await this.#keeper.exited;
		this.#keeper.abandon();
	}

	#order(order: Order, call: string): Promise<void> {
		this.#keeper.stdin.write(order);
		return this.#answered(call);
	}

	async #answered(call: string): Promise<void> {
		const { value: errno, done } = await this.#answers.next();
		if (done) throw new Error('the process that keeps the user namespace ended');
		if (errno !== 0) throw new SystemCallError(call, errno);
	}
}

async function* bytesOf(stream: AsyncIterable<Buffer>): AsyncGenerator<number, void, void> {
	for await (const chunk of stream) yield* chunk;
}
