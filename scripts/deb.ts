/**
 * Builds a Debian package for the processor of this machine: `npm run package:deb [-- FOLDER]`, by default in the checkout.
 * It holds the bundles of dist/, which the script before this one in package.json has built, and koffi beside them.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
	addCompletions,
	addDocuments,
	addManualPages,
	addPrograms,
	CHECKOUT,
	save,
	versionOfPackage,
} from './package/tree.ts';

const DEBIAN = join(CHECKOUT, 'packaging/debian');
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };

const COMPLETIONS: Readonly<Record<string, string>> = {
	bash: 'share/bash-completion/completions/klee',
	zsh: 'share/zsh/vendor-completions/_klee',
	fish: 'share/fish/vendor_completions.d/klee.fish',
};

function main(folder: string): void {
	const version = versionOfPackage();
	const architecture = ARCHITECTURES[process.arch];
	if (!architecture) throw new Error(`there is no koffi for ${process.arch}: build on x64 or arm64`);
	const tree = mkdtempSync(join(tmpdir(), 'deb-'));
	try {
		chmodSync(tree, 0o755);
		addPrograms(tree, 'usr', 'linux', { 'bin/klee': 'klee', 'sbin/kleened': 'kleened' });
		addService(tree);
		addManualPages(tree, 'usr');
		addDocuments(tree, 'usr');
		addCompletions(tree, 'usr', COMPLETIONS);
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

function addControl(tree: string, values: Readonly<Record<string, string>>): void {
	const control = readFileSync(join(DEBIAN, 'control'), 'utf8');
	save(
		join(tree, 'DEBIAN/control'),
		control.replace(/@([A-Z]+)@/g, (_, name: string) => values[name] ?? ''),
	);
	for (const script of ['postinst', 'prerm', 'postrm'])
		save(join(tree, 'DEBIAN', script), readFileSync(join(DEBIAN, script)), 0o755);
}

main(resolve(process.argv[2] ?? CHECKOUT));
