/**
 * Stages a FreeBSD package: `npm run package:freebsd [-- FOLDER]`, by default `freebsd-package` in the checkout. The folder gets `stage/`,
 * `+MANIFEST` and `pkg-plist`, of which pkg-create(8) makes the package, where there is one.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import {
	addCompletions,
	addDocuments,
	addManualPages,
	addPrograms,
	CHECKOUT,
	save,
	versionOfPackage,
} from './package/tree.ts';

const FREEBSD = join(CHECKOUT, 'packaging/freebsd');
const PREFIX = 'usr/local';

const COMPLETIONS: Readonly<Record<string, string>> = {
	bash: 'share/bash-completion/completions/klee',
	zsh: 'share/zsh/site-functions/_klee',
	fish: 'share/fish/vendor_completions.d/klee.fish',
};

/** Packages by name, with their origin in the ports and the least version. */
const DEPENDENCIES = { node24: { origin: 'www/node24', version: '24.0.0' } };

function main(folder: string): void {
	const stage = join(folder, 'stage');
	rmSync(stage, { recursive: true, force: true });
	mkdirSync(stage, { recursive: true });
	addPrograms(stage, PREFIX, 'freebsd', { 'bin/klee': 'klee', 'bin/kleened': 'kleened' });
	save(join(stage, PREFIX, 'etc/rc.d/kleened'), readFileSync(join(FREEBSD, 'kleened')), 0o555);
	addManualPages(stage, PREFIX);
	addDocuments(stage, PREFIX);
	addCompletions(stage, PREFIX, COMPLETIONS);
	execFileSync('chmod', ['-R', 'go-w', stage]);
	// The init of containers on Linux.
	rmSync(join(stage, PREFIX, 'lib/kleene/dist/init'), { recursive: true, force: true });
	const [manifest, list] = [join(folder, '+MANIFEST'), join(folder, 'pkg-plist')];
	writeFileSync(manifest, `${JSON.stringify(describe(), null, '\t')}\n`);
	writeFileSync(list, packingList(join(stage, PREFIX)));
	chmodSync(list, 0o644);
	const create = ['create', '-M', manifest, '-p', list, '-r', stage, '-o', folder];
	if (!existsSync(join(stage, PREFIX, 'lib/kleene/node_modules/@koromix')))
		console.error('koffi for FreeBSD is not here: make the package on FreeBSD, after npm ci');
	if (process.platform === 'freebsd') execFileSync('pkg', create, { stdio: 'inherit' });
	console.log(['pkg', ...create].join(' '));
}

/** Fields of pkg-create(8); the ABI is that of the machine that makes the package. */
function describe(): object {
	const read = (name: string) => readFileSync(join(FREEBSD, name), 'utf8').trimEnd();
	return {
		name: 'kleene',
		origin: 'sysutils/kleene',
		version: versionOfPackage(),
		comment: 'Container platform with a focus on networking',
		desc: read('description'),
		maintainer: 'kleene@localhost',
		www: 'https://kleene.dev',
		prefix: `/${PREFIX}`,
		categories: ['sysutils'],
		licenselogic: 'single',
		licenses: ['APACHE20'],
		deps: DEPENDENCIES,
		messages: [{ type: 'install', message: `${read('message')}\n` }],
	};
}

/** One line for each file below the prefix, with its mode; then the state, which stays while it is not empty. */
function packingList(prefix: string): string {
	const files = readdirSync(prefix, { recursive: true, encoding: 'utf8' })
		.map((path) => join(prefix, path))
		.filter((path) => !lstatSync(path).isDirectory())
		.toSorted();
	const lines = files.map((path) => {
		const place = relative(prefix, path);
		const status = lstatSync(path);
		// pkg keeps links as they are.
		if (status.isSymbolicLink()) return place;
		return `@(root,wheel,${(status.mode & 0o7777).toString(8).padStart(4, '0')}) ${place}`;
	});
	return `${[...lines, '@dir(root,wheel,0711) /var/lib/kleene'].join('\n')}\n`;
}

main(resolve(process.argv[2] ?? join(CHECKOUT, 'freebsd-package')));
