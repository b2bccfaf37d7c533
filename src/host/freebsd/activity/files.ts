import { posix } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostFiles } from '#host/driver/activity.ts';
import type { FileStatus, FilesRequest } from '#model/activity/files.ts';
import { errorOutput } from '#os/shell/error-output.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { Shell, ShellSession } from '#os/shell/shell.ts';
import { unreachable } from '../batch.ts';
import type { Paths } from '../paths.ts';
import { askOne } from '../question.ts';
import { parseRefusal, refusal } from '../refusals.ts';
import { HOSTILE_WORDS } from '../storage/base-system.ts';
import { IN_ROOT } from '../storage/inroot.ts';
import { whilePaused } from './paused.ts';

/**
 * Files of containers, by tar(1) of the host. FreeBSD's base system has no lookup that links in a running container could
 * not lead out of, so its processes are paused meanwhile.
 */
export class FreebsdFiles implements HostFiles {
	readonly #shell: Shell;
	readonly #paths: Paths;

	constructor(shell: Shell, paths: Paths) {
		this.#shell = shell;
		this.#paths = paths;
	}

	status(request: FilesRequest & { readonly follow: boolean }): Promise<FileStatus> {
		const look = sh`if [ -L "$file" ]; then kind=symlink; elif [ -f "$file" ]; then kind=file
elif [ -d "$file" ]; then kind=directory; else kind=other; fi
echo "$kind $(stat -f '%z %Lp' "$file")"`;
		return askOne(this.#shell, {
			script: this.#found(request, look),
			parse: (output) => {
				const [kind, size, mode = '0'] = output.trim().split(' ');
				return { kind: kind as FileStatus['kind'], size: Number(size), mode: Number.parseInt(mode, 8) };
			},
		});
	}

	async *read(request: FilesRequest): AsyncGenerator<Buffer> {
		const { name } = split(request.path);
		// A name that begins so would mean something else to tar(1); links that lead there keep their text.
		const words = /^[-@]/.test(name) ? ['-s', ',^\\./,,S', `./${name}`] : [name];
		const pack = sh`tar -cf - --numeric-owner --no-acls --no-fflags --no-xattrs -C "\${file%/*}/" ${words}`;
		const session = await this.#open(this.#found({ ...request, follow: false }, pack));
		const said = errorOutput(session);
		try {
			for await (const chunk of session.stdout as AsyncIterable<Buffer>) yield chunk;
			const code = await session.exited;
			if (code !== 0)
				throw failed(`cannot copy ${request.path.slice(0, 200)} from container ${request.container}`, said(), code);
		} catch (error) {
			throw unreachable(error);
		} finally {
			session.close();
		}
	}

	async write({ container, path, archive, signal }: Parameters<HostFiles['write']>[0]): Promise<void> {
		const what = `cannot copy to ${path.slice(0, 200)} in container ${container}`;
		const unpack = lines(
			sh`[ -d "$file" ] || ${missing({ container, path }, 'it is not a directory')}`,
			sh`tar -xpf - --numeric-owner --no-fflags -C "$file"`,
		);
		const session = await this.#open(this.#found({ container, path, follow: true }, unpack));
		const said = errorOutput(session);
		session.stdout.resume();
		const source = Readable.from(archive, { objectMode: false });
		try {
			// Where tar has had enough, it says why.
			await pipeline(source, session.stdin, { signal }).catch(() => {});
			signal.throwIfAborted();
			if (source.errored && !session.stdin.errored) throw source.errored;
			const code = await session.exited;
			if (code !== 0) throw failed(what, said(), code);
		} catch (error) {
			throw unreachable(error);
		} finally {
			session.close();
		}
	}

	/** Runs a script with the path on the host in `$file`, found while nothing in the container moves. */
	#found({ container, path, follow }: FilesRequest & { readonly follow: boolean }, script: Script): Script {
		const root = this.#paths.containerRoot(container);
		const { parent, name } = split(path);
		const request = { container, path };
		const find = follow
			? sh`find_in_root ${root} ${path} 2>/dev/null || ${missing(request)}; file=$found`
			: sh`find_in_root ${root} ${parent} 2>/dev/null || ${missing(request)}; file=$found/${name}`;
		const there = sh`[ -e "$file" ] || [ -L "$file" ] || ${missing(request)}`;
		return lines(IN_ROOT, whilePaused(container, lines(find, there, script)));
	}

	#open(script: Script): Promise<ShellSession> {
		return this.#shell.open(lines(sh`set -e`, script)).catch((error: unknown) => {
			throw unreachable(error);
		});
	}
}

function split(path: string): { readonly parent: string; readonly name: string } {
	const whole = posix.normalize(`/${path}`).replace(/(.)\/$/, '$1');
	return whole === '/' ? { parent: '/', name: '.' } : { parent: posix.dirname(whole), name: posix.basename(whole) };
}

function missing({ container, path }: FilesRequest, why = 'there is no such file or directory'): Script {
	return refusal({
		code: 'NO_SUCH_FILE',
		what: `cannot find ${path.slice(0, 200)} in container ${container}`,
		why,
		hint: `see what there is with "klee exec ${container} ls"`,
	});
}

function failed(what: string, said: string, code: number): KleeneError {
	const refused = parseRefusal(said);
	if (refused) return refused;
	const why = said.trim().split('\n').slice(-3).join('; ') || `tar ended with exit code ${code}`;
	const hostile = new RegExp(HOSTILE_WORDS).test(said);
	const full = /No space left|quota exceeded/i.test(said);
	return new KleeneError({
		code: hostile ? 'HOSTILE_ARCHIVE' : full ? 'HOST_FAILED' : 'INVALID_ARGUMENT',
		what,
		why,
		hint: hostile ? 'copy elsewhere, or leave out what leads there' : 'send a tar archive, and see the reason',
	});
}
