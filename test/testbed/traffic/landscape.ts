/** A test host with an uplink, the world behind it, and containers that listen: what network tests start from. */
import { startHostWithImage } from '../base-image.ts';
import { within } from '../network-namespace.ts';
import type { TestHost } from '../test-host.ts';
import { Outside } from './outside.ts';
import { ask, Listener, ofProcess, type Place, type Question } from './peer.ts';

export interface Member {
	readonly id: string;
	readonly place: Place;
}

export class Landscape {
	readonly host: TestHost;
	readonly outside: Outside;
	readonly #listeners: Listener[] = [];

	private constructor(host: TestHost, outside: Outside) {
		this.host = host;
		this.outside = outside;
	}

	static async start(): Promise<Landscape> {
		const outsides: Outside[] = [];
		try {
			const host = await startHostWithImage(async (namespace) => {
				outsides.push(await Outside.beside(namespace));
			});
			return new Landscape(host, outsides[0]!);
		} catch (error) {
			for (const outside of outsides) await outside.close();
			throw error;
		}
	}

	/** @param options of `klee network create`, the name last */
	async network(...options: readonly string[]): Promise<string> {
		return this.host.kleeOutput('network', 'create', ...options);
	}

	/** Starts a container that sleeps. @param options of `klee run` */
	async member(name: string, ...options: readonly string[]): Promise<Member> {
		await this.host.kleeOutput('run', '-d', '--name', name, ...options, 'Debian', 'sleep', '3600');
		return this.of(name);
	}

	async of(name: string): Promise<Member> {
		const all = await this.host.kleeJson<{ id: string; name: string; jid: number | null }[]>('lsc', '-a');
		const found = all.find((one) => one.name === name);
		if (found?.jid == null) throw new Error(`container ${name} does not run`);
		return { id: found.id, place: ofProcess(found.jid) };
	}

	get hostPlace(): Place {
		return within(this.host.namespace);
	}

	/** A listener in a place, until `silence` or the end. */
	async listen(place: Place, name: string, ...ports: readonly string[]): Promise<void> {
		this.#listeners.push(await Listener.start(place, name, ports));
	}

	ask(place: Place, ...questions: readonly Question[]): Promise<string[]> {
		return ask(place, ...questions);
	}

	/** Ends all listeners, containers and networks. */
	async clear(): Promise<void> {
		for (const listener of this.#listeners.splice(0)) await listener.stop();
		await this.host.removeEverything();
	}

	async close(): Promise<void> {
		try {
			for (const listener of this.#listeners.splice(0)) await listener.stop();
			await this.host.close();
		} finally {
			await this.outside.close();
		}
	}
}
