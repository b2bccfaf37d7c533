/** Files that every package of Kleene has, put into a tree that has the place of `/`. */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

export const CHECKOUT = join(import.meta.dirname, '../..');

/** Programs and their directory. @param prefix below the tree, e.g. `usr` @param system `linux` or `freebsd` */
export function addPrograms(
	tree: string,
	prefix: string,
	system: string,
	places: Readonly<Record<string, string>>,
): void {
	const home = join(tree, prefix, 'lib/kleene');
	const parts = ['bin', 'dist', 'package.json', 'node_modules/koffi', ...compiledKoffi(system)];
	for (const part of parts)
		cpSync(join(CHECKOUT, part), join(home, part), {
			recursive: true,
			filter: (path) => !/\.map$|\/\.compile-cache$|\/koffi\/(doc|vendor|lib)$/.test(path),
		});
	for (const [link, program] of Object.entries(places)) {
		const path = join(tree, prefix, link);
		mkdirSync(dirname(path), { recursive: true });
		symlinkSync(relative(dirname(path), join(home, 'bin', program)), path);
	}
}

/** Koffi is compiled for each system and processor; npm installs what fits its own machine. */
function compiledKoffi(system: string): string[] {
	const folder = 'node_modules/@koromix';
	const names = existsSync(join(CHECKOUT, folder)) ? readdirSync(join(CHECKOUT, folder)) : [];
	return names.filter((name) => name === `koffi-${system}-${process.arch}`).map((name) => join(folder, name));
}

export function addManualPages(tree: string, prefix: string): void {
	for (const page of ['klee.1', 'kleened.8'])
		save(
			join(tree, prefix, `share/man/man${page.slice(-1)}/${page}.gz`),
			gzipSync(readFileSync(join(CHECKOUT, 'packaging/man', page))),
		);
}

export function addDocuments(tree: string, prefix: string): void {
	const documents = join(tree, prefix, 'share/doc/kleene');
	save(join(documents, 'copyright'), readFileSync(join(CHECKOUT, 'LICENSE')));
	cpSync(join(CHECKOUT, 'docs'), documents, { recursive: true });
}

/** @param places of the completions by the name of the shell, below the prefix */
export function addCompletions(tree: string, prefix: string, places: Readonly<Record<string, string>>): void {
	for (const [shell, path] of Object.entries(places))
		save(join(tree, prefix, path), execFileSync(join(CHECKOUT, 'bin/klee'), ['completion', shell]));
	// What such a start compiled.
	rmSync(join(tree, prefix, 'lib/kleene/dist/.compile-cache'), { recursive: true, force: true });
}

export function versionOfPackage(): string {
	return (JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string }).version;
}

export function save(path: string, content: string | Uint8Array, mode = 0o644): void {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, content, { mode });
}
