/**
 * Builds a Debian package for the processor of this machine: `npm run package:deb [-- FOLDER]`, by default in the checkout.
 * It holds the bundles of dist/, which the script before this one in package.json has built, and koffi beside them.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';

const CHECKOUT = join(import.meta.dirname, '..');
const DEBIAN = join(CHECKOUT, 'packaging/debian');
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const COMPLETIONS: Readonly<Record<string, string>> = {
	bash: 'usr/share/bash-completion/completions/klee',
	zsh: 'usr/share/zsh/vendor-completions/_klee',
	fish: 'usr/share/fish/vendor_completions.d/klee.fish',
};

function main(folder: string): void {
	const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { version: string };
	const architecture = ARCHITECTURES[process.arch];
	if (!architecture) throw new Error(`there is no koffi for ${process.arch}: build on x64 or arm64`);
	const tree = mkdtempSync(join(tmpdir(), 'deb-'));
	try {
		chmodSync(tree, 0o755);
		addPrograms(tree);
		addService(tree);
		addDocuments(tree);
		addCompletions(tree);
		addControl(tree, { VERSION: version, ARCHITECTURE: architecture });
		// Whatever the umask of the checkout was.
		execFileSync('chmod', ['-R', 'go-w', tree]);
		const file = join(folder, `kleene_${version}_${architecture}.deb`);
		execFileSync('dpkg-deb', ['--root-owner-group', '--build', tree, file]);
		console.log(file);
	} finally {
		rmSync(tree, { recursive: true, force: true });
	}
}

function addPrograms(tree: string): void {
	const home = join(tree, 'usr/lib/kleene');
	const koffi = ['node_modules/koffi', `node_modules/@koromix/koffi-linux-${process.arch}`];
	for (const part of ['bin', 'dist', 'package.json', ...koffi])
		cpSync(join(CHECKOUT, part), join(home, part), {
			recursive: true,
			filter: (path) => !/\.map$|\/\.compile-cache$|\/koffi\/(doc|vendor|lib)$/.test(path),
		});
	for (const [link, program] of [
		['usr/bin/klee', '../lib/kleene/bin/klee'],
		['usr/sbin/kleened', '../lib/kleene/bin/kleened'],
	] as const) {
		mkdirSync(dirname(join(tree, link)), { recursive: true });
		symlinkSync(program, join(tree, link));
	}
}

/** The unit of the checkout, with the place of the package and without the advice to copy it. */
function addService(tree: string): void {
	const unit = readFileSync(join(CHECKOUT, 'packaging/kleened.service'), 'utf8');
	const start = '/usr/local/bin/kleened ';
	if (!unit.includes(start)) throw new Error(`packaging/kleened.service does not start ${start}`);
	save(
		join(tree, 'usr/lib/systemd/system/kleened.service'),
		unit.replace(/^#.*\n/, '').replace(start, '/usr/sbin/kleened '),
	);
	save(join(tree, 'usr/lib/sysusers.d/kleene.conf'), readFileSync(join(DEBIAN, 'sysusers.conf')));
	save(join(tree, 'usr/lib/tmpfiles.d/kleene.conf'), readFileSync(join(DEBIAN, 'tmpfiles.conf')));
}

function addDocuments(tree: string): void {
	for (const page of ['klee.1', 'kleened.8'])
		save(
			join(tree, `usr/share/man/man${page.slice(-1)}/${page}.gz`),
			gzipSync(readFileSync(join(CHECKOUT, 'packaging/man', page))),
		);
	const documents = join(tree, 'usr/share/doc/kleene');
	save(join(documents, 'copyright'), readFileSync(join(CHECKOUT, 'LICENSE')));
	cpSync(join(CHECKOUT, 'docs'), documents, { recursive: true });
}

function addCompletions(tree: string): void {
	for (const [shell, path] of Object.entries(COMPLETIONS))
		save(join(tree, path), execFileSync(join(tree, 'usr/bin/klee'), ['completion', shell]));
	// What this start of klee compiled.
	rmSync(join(tree, 'usr/lib/kleene/dist/.compile-cache'), { recursive: true, force: true });
}

function addControl(tree: string, values: Readonly<Record<string, string>>): void {
	const control = readFileSync(join(DEBIAN, 'control'), 'utf8');
	save(
		join(tree, 'DEBIAN/control'),
		control.replace(/@([A-Z]+)@/g, (_, name: string) => values[name] ?? ''),
	);
	for (const script of ['postinst', 'prerm', 'postrm'])
		save(join(tree, 'DEBIAN', script), readFileSync(join(DEBIAN, script)), 0o755);
}

function save(path: string, content: string | Uint8Array, mode = 0o644): void {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, content, { mode });
}

main(resolve(process.argv[2] ?? CHECKOUT));
