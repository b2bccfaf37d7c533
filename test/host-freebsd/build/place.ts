/** A place for the files of builds, with the tar of FreeBSD's base system (that of libarchive) and a container's root. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import { applyBatch } from '#host/freebsd/batch.ts';
import { FreebsdBuilds } from '#host/freebsd/build/contexts.ts';
import { CopiedFiles } from '#host/freebsd/build/copied-files.ts';
import type { PartHandlers } from '#host/freebsd/handler.ts';
import { Paths } from '#host/freebsd/paths.ts';
import type { CopiedFilesPart } from '#model/parts/files.ts';
import { make } from '#model/step.ts';
import { LocalShell } from '#os/shell/local.ts';

export const CONTAINER = 'c0ffee123456';
export const CONTEXT = 'feed00000001';

type Tree = Readonly<Record<string, string>>;

export function write(directory: string, files: Tree): void {
	for (const [name, text] of Object.entries(files)) {
		mkdirSync(dirname(join(directory, name)), { recursive: true });
		writeFileSync(join(directory, name), text);
	}
}

export interface BuildPlace {
	/** Root directory of the container. */
	readonly root: string;
	readonly directory: string;
	readonly builds: FreebsdBuilds;
	/** Takes the files as the context of a build. */
	send(files: Tree, prepare?: (directory: string) => void): Promise<void>;
	copy(part: Partial<CopiedFilesPart> & { readonly sources?: readonly string[] }): Promise<void>;
}

export function buildPlace(t: TestContext): BuildPlace {
	const directory = mkdtempSync(join(tmpdir(), 'kleene-copy-'));
	const bin = join(directory, 'bin');
	const programs = { tar: 'exec bsdtar "$@"', sha256: '[ "$1" != -q ] || shift; sha256sum "$@" | cut -d " " -f 1' };
	mkdirSync(bin);
	for (const [name, text] of Object.entries(programs))
		writeFileSync(join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
	const paths = new Paths('zroot/k', join(directory, 'k'));
	const shell = new LocalShell({ path: bin });
	t.after(async () => {
		await shell.close();
		rmSync(directory, { recursive: true, force: true });
	});
	const root = paths.containerRoot(CONTAINER);
	write(root, {
		'etc/passwd': 'root:*:0:0::/root:/bin/sh\nweb:*:80:81::/:/bin/sh\n',
		'etc/group': 'wheel:*:0:\nfiles:*:90:\n',
	});
	const builds = new FreebsdBuilds(shell, paths);
	const handlers = { 'copied-files': new CopiedFiles(paths) } as unknown as PartHandlers;
	return {
		root,
		directory,
		builds,
		send: async (files, prepare) => {
			const context = mkdtempSync(join(directory, 'context-'));
			write(context, files);
			prepare?.(context);
			await builds.receive(CONTEXT, Readable.from([execFileSync('tar', ['-czf', '-', '-C', context, '.'])]));
		},
		copy: async ({ sources, ...rest }) => {
			const from = sources ? { from: { origin: { kind: 'context' as const, context: CONTEXT }, sources } } : {};
			const part: CopiedFilesPart = {
				...{
					kind: 'copied-files',
					container: CONTAINER,
					layers: [],
					files: [],
					destination: '/',
					owner: '',
					unpack: false,
				},
				...from,
				...rest,
			};
			await applyBatch(shell, handlers, [make(part)]);
		},
	};
}
