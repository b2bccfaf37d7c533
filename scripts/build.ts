/** Bundles klee and kleened into dist/. Without esbuild (an install without development packages) both run from src/. */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { BuildOptions, Plugin } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** Bundled CommonJS asks for Node's modules with `require`, which an ES module does not have. */
const REQUIRE = `import { createRequire as kleeneCreateRequire } from 'node:module';
const require = kleeneCreateRequire(import.meta.url);`;

/**
 * `ws` and commander load these modules at once and use them hardly ever: TLS, compression and child processes cost a
 * local `klee run` 15 ms.
 */
const lazyBuiltins: Plugin = {
	name: 'lazy-builtins',
	setup(build) {
		build.onResolve({ filter: /^(node:)?(https|tls|zlib|child_process)$/ }, ({ path, importer, kind }) => {
			const seldom = kind === 'require-call' && /node_modules\/(ws|commander)\//.test(importer);
			return seldom ? { path: path.replace(/^node:/, ''), namespace: 'lazy-builtin' } : undefined;
		});
		build.onLoad({ filter: /.*/, namespace: 'lazy-builtin' }, ({ path }) => ({
			contents: `module.exports = new Proxy({}, { get: (_, name) => process.getBuiltinModule('node:${path}')[name] });`,
		}));
	},
};

/**
 * An import of `node:http` has Node read all its exports, among them a WebSocket that loads a whole HTTP client: 16 MB of
 * memory and 15 ms of every start. Taken as an object, it is read as far as it is used.
 */
const httpAsObject: Plugin = {
	name: 'http-as-object',
	setup(build) {
		build.onResolve({ filter: /^(node:)?http$/ }, ({ kind }) => {
			return kind === 'import-statement' ? { path: 'node:http', namespace: 'builtin-object' } : undefined;
		});
		build.onLoad({ filter: /.*/, namespace: 'builtin-object' }, ({ path }) => ({
			contents: `module.exports = process.getBuiltinModule('${path}');`,
		}));
	},
};

const shared: BuildOptions = {
	absWorkingDir: root,
	outdir: 'dist',
	bundle: true,
	platform: 'node',
	format: 'esm',
	target: 'node22.18',
	external: ['koffi'],
	outExtension: { '.js': '.mjs' },
	sourcemap: true,
	// One letter beyond ASCII, in a comment even, and the whole text takes twice its memory.
	charset: 'ascii',
	legalComments: 'none',
	minifyWhitespace: true,
	minifySyntax: true,
	logLevel: 'warning',
	banner: { js: REQUIRE },
	plugins: [lazyBuiltins, httpAsObject],
};

/**
 * One file of CommonJS, without blanks: to find and link the modules of many files, and to read and compare what the compile
 * cache has of each, took a quarter of the time of a command.
 */
const klee: BuildOptions = {
	...shared,
	entryPoints: { 'klee-main': 'src/cli/main.ts' },
	format: 'cjs',
	outExtension: { '.js': '.cjs' },
	banner: {},
	minifyWhitespace: true,
	minifySyntax: true,
};

/** One file: a daemon that runs for weeks must not look for a part that a newer build has removed. */
const kleened: BuildOptions = { ...shared, entryPoints: { 'kleened-main': 'src/daemon/main.ts' } };

/**
 * Runs before the bundle is compiled, so that the second start finds the code of the first. The cache is beside it, never in /tmp:
 * anybody who can write the cache runs code as the user of klee, who is mostly root.
 */
const KLEE = `require('node:module').enableCompileCache(require('node:path').join(__dirname, '.compile-cache'));
require('./klee-main.cjs');
`;
/** The same. */
const KLEENED = `import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '.compile-cache'));
await import('./kleened-main.mjs');
`;

/** With those of earlier versions. */
const OUTPUTS = [
	'klee',
	...['klee.mjs', 'klee.cjs', 'klee-main.cjs', 'kleened.mjs', 'kleened-main.mjs'].flatMap((name) => [
		name,
		`${name}.map`,
	]),
];

async function main(): Promise<void> {
	const esbuild = await import('esbuild').catch(() => undefined);
	if (!esbuild) {
		console.log('build: esbuild is not installed, klee and kleened run from src/');
		return;
	}
	const targets = existsSync(join(root, 'src/daemon/main.ts')) ? [klee, kleened] : [klee];
	const results = await Promise.allSettled(targets.map((options) => esbuild.build({ ...options, write: false })));
	// esbuild has said why; what it could not build runs from src/, not from an older bundle.
	for (const old of [...OUTPUTS, '.compile-cache']) rmSync(join(root, 'dist', old), { recursive: true, force: true });
	for (const result of results) {
		if (result.status === 'rejected') process.exitCode = 1;
		else for (const file of result.value.outputFiles ?? []) save(file);
	}
	if (existsSync(join(root, 'dist/klee-main.cjs'))) writeFileSync(join(root, 'dist/klee.cjs'), KLEE);
	if (existsSync(join(root, 'dist/kleened-main.mjs'))) writeFileSync(join(root, 'dist/kleened.mjs'), KLEENED);
	copyInit();
}

/** The init programs of containers lie beside the daemon, in dist/ as in src/. */
function copyInit(): void {
	const source = join(root, 'src/host/linux/sandbox/bundle/init');
	mkdirSync(join(root, 'dist/init'), { recursive: true });
	for (const arch of ['x64', 'arm64']) cpSync(join(source, `init-${arch}`), join(root, `dist/init/init-${arch}`));
}

function save({ path, contents }: { readonly path: string; readonly contents: Uint8Array }): void {
	mkdirSync(dirname(path), { recursive: true });
	writeFileSync(path, contents);
}

await main();
