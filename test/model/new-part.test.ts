import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const UNION = `${ROOT}src/model/part.ts`;
const TUNNEL = "interface TunnelPart { readonly kind: 'tunnel'; readonly remote: string }";
/** Places that must know every kind of part on the network. */
const READERS = ['src/host/linux/driver.ts', 'src/host/freebsd/driver.ts', 'src/engine/plan/doctor/fault.ts'];

/** @returns errors of the compiler in these files, as if `part.ts` had the given text */
function errorsIn(files: readonly string[], union: string): string[] {
	const { config } = ts.readConfigFile(`${ROOT}tsconfig.json`, (path) => readFileSync(path, 'utf8'));
	const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, ROOT);
	const host = ts.createCompilerHost(options);
	const readFile = host.readFile.bind(host);
	const getSourceFile = host.getSourceFile.bind(host);
	host.readFile = (path) => (path === UNION ? union : readFile(path));
	host.getSourceFile = (path, target, ...rest) =>
		path === UNION ? ts.createSourceFile(path, union, target) : getSourceFile(path, target, ...rest);
	const program = ts.createProgram([UNION, ...READERS.map((file) => ROOT + file)], options, host);
	return files.flatMap((file) =>
		program.getSemanticDiagnostics(program.getSourceFile(ROOT + file)).map(({ messageText }) => {
			return `${file}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
		}),
	);
}

function withTunnel(entry: string): string {
	const text = readFileSync(UNION, 'utf8');
	const changed = text
		.replace('export type Part =\n', `${TUNNEL}\nexport type Part =\n\t| TunnelPart\n`)
		.replace('const DEFINITIONS = {\n', `const DEFINITIONS = {\n${entry}`);
	assert.equal(changed.length, text.length + TUNNEL.length + '\n\t| TunnelPart\n'.length + entry.length);
	return changed;
}

test('a kind of part without an entry in the record does not compile', () => {
	const file = 'src/model/part.ts';
	assert.deepEqual(errorsIn([file], readFileSync(UNION, 'utf8')), []);
	const [error] = errorsIn([file], withTunnel(''));
	assert.match(error ?? '', /tunnel/);
	assert.match(error ?? '', /does not satisfy/);
});

test('one with an entry does not until both hosts and doctor know it', () => {
	const entry =
		"\ttunnel: { ...epair, identity: () => '', title: () => '', provides: () => [], standsOn: () => [] },\n";
	const errors = errorsIn(['src/model/part.ts', ...READERS], withTunnel(entry));
	assert.deepEqual(
		READERS.filter((file) => !errors.some((text) => text.startsWith(file) && text.includes('tunnel'))),
		[],
		errors.join('\n'),
	);
	assert.deepEqual(
		errors.filter((text) => text.startsWith('src/model')),
		[],
	);
});

test('one of the firewall does not until its rules are compared on both hosts', () => {
	const entry =
		"\ttunnel: { ...networkFilter, identity: () => '', title: () => '', provides: () => [], standsOn: () => [] },\n";
	const places = [
		'src/host/linux/comparison/filter.ts',
		'src/host/linux/comparison/owners.ts',
		'src/host/freebsd/comparison/filter.ts',
	];
	const errors = errorsIn(places, withTunnel(entry));
	assert.deepEqual(
		places.filter((file) => !errors.some((text) => text.startsWith(file))),
		[],
		errors.join('\n'),
	);
});
