/** Contexts of builds that clients sent, and the origins of files that builds copy. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostBuilds } from '#host/driver/builds.ts';
import type { FileOrigin, FileSelection } from '#model/build/files.ts';
import { errorOutput } from '#os/shell/error-output.ts';
import { lines, sh } from '#os/shell/quote.ts';
import type { Shell } from '#os/shell/shell.ts';
import { unreachable } from '../batch.ts';
import type { Paths } from '../paths.ts';
import { askOne } from '../question.ts';
import { refusal } from '../refusals.ts';
import { HOSTILE_WORDS } from '../storage/base-system.ts';
import { LOOK_FOR_FILES, matchPattern } from './matching.ts';

/** Bytes. */
const LARGEST_TEXT = 4 * 1024 * 1024;
const CACHE_NAME = /^[0-9a-f]{32}(-\d{1,6})?$/;

/** Contexts are kept below the ZFS root, until their build is over or the daemon starts again. */
export class FreebsdBuilds implements HostBuilds {
	readonly #shell: Shell;
	readonly #paths: Paths;
	/** By the ids of builds. */
	readonly #secrets = new Map<string, ReadonlyMap<string, Buffer>>();

	constructor(shell: Shell, paths: Paths) {
		this.#shell = shell;
		this.#paths = paths;
	}

	async receive(context: string, archive: Readable, signal?: AbortSignal): Promise<void> {
		const directory = this.#paths.buildContext(context);
		const script = lines(
			sh`umask 077; mkdir -p ${directory}; umask 022`,
			// Without -P tar(1) refuses what would leave the directory.
			sh`exec tar -xpf - --numeric-owner --no-fflags -C ${directory}`,
		);
		const session = await this.#shell.open(script).catch((error: unknown) => {
			throw unreachable(error);
		});
		const said = errorOutput(session);
		session.stdout.resume();
		try {
			// Where tar has had enough, it says why.
			const sent = await pipeline(archive, session.stdin, signal ? { signal } : {}).catch((error: unknown) => error);
			signal?.throwIfAborted();
			const code = await session.exited;
			if (code !== 0) throw refused(said(), code);
			if (sent !== undefined && archive.errored) throw archive.errored;
		} catch (error) {
			session.close();
			await this.discard(context);
			throw unreachable(error);
		}
	}

	async discard(context: string): Promise<void> {
		const script = sh`rm -rf ${this.#paths.buildContext(context)}`;
		await askOne(this.#shell, { script, parse: () => undefined });
	}

	/** Those of a daemon that was killed are removed when the host is opened. */
	contexts(): string[] {
		return [];
	}

	read(origin: FileOrigin, path: string): Promise<string | undefined> {
		const tooLong = refusal({
			code: 'BUILD_FAILED',
			what: `cannot read ${path}`,
			why: `it has more than ${LARGEST_TEXT} bytes`,
			hint: 'check the context of the build',
		});
		const script = lines(
			LOOK_FOR_FILES,
			sh`find_in_root ${originRoot(this.#paths, origin)} ${path} 2>/dev/null && [ -f "$found" ] || exit 0`,
			sh`[ "$(wc -c <"$found")" -le ${LARGEST_TEXT} ] || ${tooLong}`,
			sh`echo found; cat "$found"`,
		);
		const parse = (output: string) => (output.startsWith('found\n') ? output.slice('found\n'.length) : undefined);
		return askOne(this.#shell, { script, parse });
	}

	async digest({ origin, sources }: FileSelection): Promise<string> {
		if (origin.kind === 'layers')
			return createHash('sha256')
				.update(JSON.stringify([origin.layers, sources]))
				.digest('hex');
		const root = originRoot(this.#paths, origin);
		const script = lines(
			LOOK_FOR_FILES,
			sh`(matched=$(mktemp ${`${this.#paths.buildContext('digest')}.XXXXXXXX`}); trap 'rm -f "$matched" "$matched.one"' EXIT`,
			...sources.map((source) => matchPattern(sh`${root}`, source)),
			sh`while IFS= read -r at; do`,
			sh`	printf '%s\\n' "$at"; find_in_root ${root} "$at"`,
			// One line for each file, in the order in which the directory has them.
			sh`	tar -cf - --format=mtree --options=${MTREE} -C ${root} ".\${found#${root}}" | grep -v ${'^#'} | sort`,
			sh`done <"$matched" >"$matched.one"`,
			sh`sha256 -q "$matched.one")`,
		);
		return askOne(this.#shell, { script, parse: (output) => output.trim() });
	}

	keepSecrets(build: string, secrets: ReadonlyMap<string, Buffer> | undefined): void {
		if (secrets && secrets.size > 0) this.#secrets.set(build, secrets);
		else this.#secrets.delete(build);
	}

	secret(build: string, id: string): Buffer | undefined {
		return this.#secrets.get(build)?.get(id);
	}

	caches(): Promise<string[]> {
		const parent = this.#paths.buildCaches();
		// There is none before the first RUN with a cache.
		const script = sh`zfs list -H -o name -d 1 -r -t filesystem ${parent} 2>/dev/null || :`;
		const parse = (output: string) => output.split('\n').map((name) => name.slice(parent.length + 1));
		return askOne(this.#shell, { script, parse }).then((names) => names.filter((name) => CACHE_NAME.test(name)));
	}

	/** @param cache a name of `caches` */
	async removeCache(cache: string): Promise<void> {
		if (!CACHE_NAME.test(cache)) return;
		const dataset = this.#paths.buildCacheDataset(cache);
		const script = sh`if zfs list -H -o name ${dataset} >/dev/null 2>&1; then zfs destroy -r ${dataset}; fi`;
		await askOne(this.#shell, { script, parse: () => undefined });
	}
}

const MTREE = '!all,type,mode,link,sha256';

/** Directory on the host that an origin is. */
export function originRoot(paths: Paths, origin: FileOrigin): string {
	switch (origin.kind) {
		case 'context':
			return paths.buildContext(origin.context);
		case 'directory':
			return origin.path.replace(/(.)\/+$/, '$1');
		case 'layers':
			// A dataset has the files of all layers below.
			return paths.layer(origin.layers[0] ?? '');
	}
}

function refused(said: string, code: number): KleeneError {
	const words = said.trim().split('\n').slice(-3).join('; ') || `tar ended with exit code ${code}`;
	const hostile = new RegExp(HOSTILE_WORDS).test(said);
	const full = /No space left|quota exceeded/i.test(said);
	return new KleeneError({
		code: hostile ? 'HOSTILE_ARCHIVE' : 'BUILD_FAILED',
		what: 'cannot use the context of the build',
		why: words,
		hint: full ? 'make room in the pool of the host' : 'send a tar archive',
	});
}
