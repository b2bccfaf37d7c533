/** Bundles klee and kleened into dist/. Without esbuild (an install without development packages) both run from src/. */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

/** In klee, `ws` opens connections and makes nonces by what its requests use; `node:http` and `node:crypto` cost a `klee run` 12 ms. */
const plainWebSockets: Plugin = {
	name: 'plain-web-sockets',
	setup(build) {
		build.onResolve({ filter: /^(http|crypto)$/ }, ({ path, importer, kind }) => {
			const isOfSockets = kind === 'require-call' && /node_modules\/ws\//.test(importer);
			return isOfSockets ? { path: join(root, `src/client/plain/${path}.ts`) } : undefined;
		});
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
	// The page of klee console is beside the bundle.
	define: { 'import.meta.dirname': '__dirname' },
	outExtension: { '.js': '.cjs' },
	plugins: [plainWebSockets, lazyBuiltins, httpAsObject],
	// An expression, which the launcher compiles.
	banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
	footer: { js: '})' },
	minifyWhitespace: true,
	minifySyntax: true,
};

/**
 * xterm makes style elements and style attributes, which the policy of the page forbids (`style-src 'self'`). It gets elements
 * of ours instead, whose text is adopted as a style sheet (src/console/terminal/adopted-style.ts), and sets styles by their properties.
 */
const STRICT_STYLES: readonly (readonly [text: string, instead: string, times: number])[] = [
	['createElement("style")', 'createElement("klee-style")', 3],
	// biome-ignore lint/suspicious/noTemplateCurlyInString: it is code
	['t.setAttribute("style",`${t.getAttribute("style")||""}${e};`)', 't.style.cssText+=e', 1],
];

const strictStyles: Plugin = {
	name: 'strict-styles',
	setup(build) {
		build.onLoad({ filter: /@xterm\/xterm\/lib\/xterm\.mjs$/ }, ({ path }) => {
			let contents = readFileSync(path, 'utf8');
			for (const [text, instead, times] of STRICT_STYLES) {
				const found = contents.split(text).length - 1;
				if (found !== times)
					return { errors: [{ text: `xterm has ${text} ${found} times, not ${times}: see build.ts` }] };
				contents = contents.replaceAll(text, instead);
			}
			return { contents };
		});
	},
};

/** The page of `klee console`: one script and one style sheet, which the page may load; nothing is inline, nothing from elsewhere. */
const page: BuildOptions = {
	absWorkingDir: root,
	outdir: 'dist/console',
	entryPoints: ['src/console/main.tsx', 'src/console/main.css'],
	bundle: true,
	platform: 'browser',
	format: 'esm',
	target: ['chrome115', 'firefox128', 'safari17'],
	jsx: 'automatic',
	jsxImportSource: 'preact',
	minify: true,
	legalComments: 'none',
	logLevel: 'warning',
	plugins: [strictStyles],
};

/** One file: a daemon that runs for weeks must not look for a part that a newer build has removed. */
const kleened: BuildOptions = { ...shared, entryPoints: { 'kleened-main': 'src/daemon/main.ts' } };

/**
 * Runs the bundle with the compiled code of an earlier run of the same command. Node's own compile cache has only the code
 * that every command runs at once, not that of functions, and nobody but its writer can read it. This one is beside the bundle too,
 * never in /tmp: anybody who can write it runs code as the user of klee, who is mostly root. V8 refuses code of other versions and
 * flags; it compares no more than the length of the source, so the folder is named after the content of the bundle.
 */
const KLEE = `'use strict';
const { accessSync, chmodSync, constants, mkdirSync, readFileSync, renameSync, writeFileSync } = require('node:fs');
const { Script } = require('node:vm');
const main = __dirname + '/klee-main.cjs';
const folder = __dirname + '/.compile-cache/@BUNDLE@-' + process.version + '-' + process.arch;
const words = process.argv.slice(2).filter((word) => /^[a-z]{1,20}$/.test(word));
const groups = ['container', 'image', 'network', 'volume', 'system'];
const command = words.length === 0 ? 'none' : words.slice(0, groups.includes(words[0]) ? 2 : 1).join('-');
const file = folder + '/' + command;
let cachedData;
try {
	cachedData = readFileSync(file);
} catch {}
const script = new Script(readFileSync(main, 'latin1'), { filename: main, cachedData });
if (!cachedData || script.cachedDataRejected) process.once('exit', save);
script.runInThisContext()(module.exports, require, module, main, __dirname);
// Not of commands that do not exist, and not where nobody may write.
function save(code) {
	if (code !== 0) return;
	try {
		accessSync(__dirname, constants.W_OK);
		mkdirSync(folder, { recursive: true });
		const own = file + '.' + process.pid;
		writeFileSync(own, script.createCachedData());
		for (const [path, mode] of [[__dirname + '/.compile-cache', 0o755], [folder, 0o755], [own, 0o644]]) chmodSync(path, mode);
		renameSync(own, file);
	} catch {}
}
`;
/** Node's compile cache, at the same place. */
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
	if (process.argv.includes('--page')) return buildPage(esbuild.build);
	const targets = existsSync(join(root, 'src/daemon/main.ts')) ? [klee, kleened] : [klee];
	const results = await Promise.allSettled(targets.map((options) => esbuild.build({ ...options, write: false })));
	// esbuild has said why; what it could not build runs from src/, not from an older bundle.
	for (const old of [...OUTPUTS, '.compile-cache']) rmSync(join(root, 'dist', old), { recursive: true, force: true });
	for (const result of results) {
		if (result.status === 'rejected') process.exitCode = 1;
		else for (const file of result.value.outputFiles ?? []) save(file);
	}
	if (existsSync(join(root, 'dist/klee-main.cjs'))) saveLauncher();
	if (existsSync(join(root, 'dist/kleened-main.mjs'))) writeFileSync(join(root, 'dist/kleened.mjs'), KLEENED);
	copyInit();
	await buildPage(esbuild.build);
}

/** A page that cannot be built is missing, and klee says so. */
async function buildPage(build: typeof import('esbuild').build): Promise<void> {
	rmSync(join(root, 'dist/console'), { recursive: true, force: true });
	try {
		await build(page);
		cpSync(join(root, 'src/console/index.html'), join(root, 'dist/console/index.html'));
	} catch {
		process.exitCode = 1; // esbuild has said why
	}
}

function saveLauncher(): void {
	const bundle = createHash('sha256')
		.update(readFileSync(join(root, 'dist/klee-main.cjs')))
		.digest('hex');
	writeFileSync(join(root, 'dist/klee.cjs'), KLEE.replace('@BUNDLE@', bundle.slice(0, 16)));
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
