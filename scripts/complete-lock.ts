/**
 * `node scripts/complete-lock.ts` after every `npm install`, where the registry does not carry the builds of Biome for
 * all platforms: npm then leaves them out of package-lock.json, and `npm ci` refuses such a lock file everywhere.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Package {
	readonly version?: string;
	readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const FILE = join(import.meta.dirname, '../package-lock.json');
const PLATFORM = /cli-(android|darwin|linux|win32)-(x64|arm64)(-musl)?$/;

function missingFrom(packages: Readonly<Record<string, Package>>): [string, object][] {
	const wanted = Object.entries(packages)
		.filter(([path]) => path !== '')
		.flatMap(([, { optionalDependencies = {} }]) => Object.entries(optionalDependencies));
	return wanted.flatMap(([name, version]): [string, object][] => {
		const [, os, cpu, musl] = PLATFORM.exec(name) ?? [];
		if (packages[`node_modules/${name}`] || !os) return [];
		const libc = musl ? { libc: ['musl'] } : {};
		return [[`node_modules/${name}`, { version, cpu: [cpu], dev: true, ...libc, optional: true, os: [os] }]];
	});
}

const text = readFileSync(FILE, 'utf8');
const lock = JSON.parse(text) as { packages: Record<string, Package> };
const added = missingFrom(lock.packages);
lock.packages = Object.fromEntries(
	[...Object.entries(lock.packages), ...added].sort(([one], [other]) => (one < other ? -1 : 1)),
);
const indent = /^([ \t]+)"/m.exec(text)?.[1] ?? '\t';
writeFileSync(FILE, `${JSON.stringify(lock, null, indent)}\n`);
console.log(`package-lock.json: ${added.length} platform packages added`);
