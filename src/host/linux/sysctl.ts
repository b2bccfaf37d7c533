import { closeSync, constants, openSync, readFileSync, writeSync } from 'node:fs';
import { hasCode } from '#kernel/errno.ts';
import { within } from '#kernel/netns.ts';

/** A name below /proc/sys, with slashes since interface names may have dots, and its value. */
export type Setting = readonly [name: string, value: number];

export function conf4(interfaceName: string, setting: string): string {
	return `net/ipv4/conf/${interfaceName}/${setting}`;
}

export function conf6(interfaceName: string, setting: string): string {
	return `net/ipv6/conf/${interfaceName}/${setting}`;
}

/** No random wait of up to 0.8 seconds before an answer on behalf of a container. */
export function answerAtOnce(interfaceName: string, family: 4 | 6): Setting {
	return [`net/ipv${family}/neigh/${interfaceName}/proxy_delay`, 0];
}

/** In the namespace of the calling thread. A kernel without IPv6 has nothing to set there. */
export function writeSettings(settings: readonly Setting[]): void {
	for (const [name, value] of settings) {
		try {
			const file = openSync(`/proc/sys/${name}`, constants.O_WRONLY);
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

/** The settings of the host's network namespace. */
export class HostSettings {
	readonly #namespace: number | undefined;

	/** @param namespace descriptor; default: the namespace of the daemon */
	constructor(namespace?: number) {
		this.#namespace = namespace;
	}

	write(...settings: readonly Setting[]): void {
		this.run(() => writeSettings(settings));
	}

	/** @returns undefined where this kernel does not have the setting */
	read(name: string): number | undefined {
		try {
			return Number(this.run(() => readFileSync(`/proc/sys/${name}`, 'utf8')));
		} catch (error) {
			if (hasCode(error, 'ENOENT')) return undefined;
			throw error;
		}
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
