import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { withoutPrefix } from '#inet/prefix.ts';
import type { NameServersPart, ResolverPart } from '#model/parts/name-resolution.ts';
import type { PartHandler } from '../handler.ts';
import type { Paths } from '../paths.ts';
import type { Resolver } from './resolver.ts';

/** The resolvers of networks. They live in this process, so a daemon that starts opens them again. */
export class Resolvers implements PartHandler<'resolver'> {
	readonly #resolver: Resolver;

	constructor(resolver: Resolver) {
		this.#resolver = resolver;
	}

	make({ network, addresses, forward }: ResolverPart): void {
		this.#resolver.open(network, addresses, { forward });
	}

	unmake({ network }: ResolverPart): void {
		this.#resolver.close(network);
	}

	describe(verb: 'make' | 'unmake', { addresses }: ResolverPart): string[] {
		const list = addresses.map(withoutPrefix).join(', ');
		return [`# ${verb === 'make' ? 'answer' : 'stop answering'} questions for names on ${list} port 53`];
	}
}

/**
 * The resolv.conf of a container that has resolvers: a file of its own, seen over that of the image. It is written in
 * place, so that a container that runs sees what changed.
 */
export class NameServers implements PartHandler<'name-servers'> {
	readonly #paths: Paths;

	constructor(paths: Paths) {
		this.#paths = paths;
	}

	make({ container, servers }: NameServersPart): void {
		const lines = servers.map((server) => `nameserver ${server}\n`);
		// Names below `kleene` are never asked for elsewhere, so no server on the way can hide a container's name.
		writeFileSync(this.#paths.resolvConf(container), `search kleene\n${lines.join('')}`, { mode: 0o644 });
	}

	unmake({ container }: NameServersPart): void {
		const file = this.#paths.resolvConf(container);
		if (existsSync(file)) rmSync(file);
	}

	describe(verb: 'make' | 'unmake', { container, servers }: NameServersPart): string[] {
		const file = this.#paths.resolvConf(container);
		return verb === 'make' ? servers.map((server) => `echo nameserver ${server} >>${file}`) : [`rm ${file}`];
	}
}
