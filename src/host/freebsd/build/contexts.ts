/** Contexts of builds that clients sent, and the origins of files that builds copy. */
import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostBuilds } from '#host/driver/builds.ts';
import type { FileOrigin, FileSelection } from '#model/build/files.ts';
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

/** Contexts are kept below the ZFS root, until their build is over or the daemon starts again. */
export class FreebsdBuilds implements HostBuilds {
	readonly #shell: Shell;
	readonly #paths: Paths;

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
		let said = '';
		session.stdout.resume();
		session.stderr.setEncoding('utf8').on('data', (text: string) => {
			said = `${said}${text}`.slice(-4000);
		});
		try {
			// Where tar has had enough, it says why.
			const sent = await pipeline(archive, session.stdin, signal ? { signal } : {}).catch((error: unknown) => error);
			signal?.throwIfAborted();
			const code = await session.exited;
			if (code !== 0) throw refused(said, code);
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

	/** Nothing: RUN --mount is refused (unplanned.ts). */
	keepSecrets(): void {}

	caches(): string[] {
		return [];
	}

	async removeCache(): Promise<void> {}
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
