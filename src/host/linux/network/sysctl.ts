import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import type { Family } from '#inet/family.ts';
import { hasCode } from '#os/errno.ts';
import { within } from '#os/linux/netns.ts';

/** A name below /proc/sys, with slashes since interface names may have dots, and its value. */
export type Setting = readonly [name: string, value: number];

export function conf4(interfaceName: string, setting: string): string {
	return `net/ipv4/conf/${interfaceName}/${setting}`;
}

export function conf6(interfaceName: string, setting: string): string {
	return `net/ipv6/conf/${interfaceName}/${setting}`;
}

/** No random wait of up to 0.8 seconds before an answer on behalf of a container. */
export function answerAtOnce(interfaceName: string, family: Family): Setting {
	return [`net/ipv${family}/neigh/${interfaceName}/proxy_delay`, 0];
}

/**
 * In the namespace of the calling thread. A kernel without IPv6 has nothing to set there.
 * @param pathOf where a setting is, by its name
 */
export function writeSettings(settings: readonly Setting[], pathOf = (name: string) => `/proc/sys/${name}`): void {
	for (const [name, value] of settings) {
		try {
			const file = openSync(pathOf(name), constants.O_WRONLY);
			try {
				writeSync(file, String(value));
			} finally {
				closeSync(file);
			}
		} catch (error) {
			if (!(name.startsWith('net/ipv6/') && hasCode(error, 'ENOENT'))) throw error;
		}
	}
}

/** The folders in which every namespace has entries of its own. */
const FOLDER = /^net\/ipv[46](?=\/)/;

/**
 * The settings of the host's network namespace.
 *
 * The kernel finds `net/ipv4` of one namespace by walking over those of all others that were looked at since: with a
 * thousand containers each look-up took 0.3 ms. So the folders are looked up once and held.
 */
export class HostSettings {
	readonly #namespace: number | undefined;
	readonly #folders = new Map<string, number>();

	/** @param namespace descriptor; default: the namespace of the daemon */
	constructor(namespace?: number) {
		this.#namespace = namespace;
	}

	write(...settings: readonly Setting[]): void {
		this.run(() => writeSettings(settings, (name) => this.#pathOf(name)));
	}

	/** @returns undefined where this kernel does not have the setting */
	read(name: string): number | undefined {
		try {
			return Number(this.run(() => readFileSync(this.#pathOf(name), 'utf8')));
		} catch (error) {
			if (hasCode(error, 'ENOENT')) return undefined;
			throw error;
		}
	}

	/** Called within the namespace. */
	#pathOf(name: string): string {
		const folder = FOLDER.exec(name)?.[0];
		if (folder === undefined) return `/proc/sys/${name}`;
		let fd = this.#folders.get(folder);
		if (fd === undefined) {
			fd = openSync(`/proc/sys/${folder}`, constants.O_RDONLY | constants.O_DIRECTORY);
			this.#folders.set(folder, fd);
		}
		return `/proc/self/fd/${fd}${name.slice(folder.length)}`;
	}

	close(): void {
		for (const fd of this.#folders.values()) closeSync(fd);
		this.#folders.clear();
	}

	/** Several reads and writes with one change of namespace. */
	run<T>(work: () => T): T {
		return this.#namespace === undefined ? work() : within(this.#namespace, work);
	}
}

/** In the words of sysctl(8), which takes slashes where a name has dots of its own. */
export function describeSetting([name, value]: Setting): string {
	return `sysctl -w ${name.includes('.') ? name : name.replaceAll('/', '.')}=${value}`;
}
