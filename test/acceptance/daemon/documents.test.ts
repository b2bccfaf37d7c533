/** The documents say what is so. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { ERROR_CODES } from '#errors/codes.ts';
import { drawn } from '../../../scripts/graph.ts';
import { tabled } from '../../../scripts/reach-table.ts';

const CHECKOUT = new URL('../../..', import.meta.url).pathname;
const read = (path: string) => readFileSync(join(CHECKOUT, path), 'utf8');
const decisions = readdirSync(join(CHECKOUT, 'docs/adr')).map((name) => `docs/adr/${name}`);
const documents = ['README.md', 'CONTRIBUTING.md', 'STYLE.md', 'docs/ARCHITECTURE.md', 'docs/errors.md', ...decisions];

test('docs/errors.md lists every code with its meaning, and no other', () => {
	const listed = [...read('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \| (.+?) \| .+ \|$/gm)];
	assert.deepEqual(Object.fromEntries(listed.map(([, code, meaning]) => [code, meaning])), { ...ERROR_CODES });
});

test('docs/ARCHITECTURE.md shows the import graph that is, in at most 150 lines', async () => {
	const document = read('docs/ARCHITECTURE.md');
	assert.equal(await drawn(document), document, 'run: node scripts/graph.ts');
	assert.ok(document.split('\n').length <= 150);
});

test('docs/networks.md shows who reaches whom as the model has it', () => {
	const document = read('docs/networks.md');
	assert.equal(tabled(document), document, 'run: node scripts/reach-table.ts');
});

test('links and paths in the documents lead to something', () => {
	for (const document of documents) {
		const text = read(document);
		for (const [, target = ''] of text.matchAll(/\]\(((?!https?:)[^)#]+)/g))
			assert.ok(existsSync(join(CHECKOUT, dirname(document), target)), `${document}: ${target}`);
		for (const [, path = ''] of text.matchAll(/`((?:src|scripts|test|docs|packaging|bin)\/[\w./-]*)`/g))
			assert.ok(existsSync(join(CHECKOUT, path)), `${document}: ${path}`);
		const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
		for (const [, script = ''] of text.matchAll(/npm run ([a-z:]+)/g))
			assert.ok(scripts[script], `${document}: ${script}`);
	}
});

test('decisions have a number each, and say context, decision and consequences', () => {
	decisions.sort().forEach((path, index) => {
		assert.match(path, new RegExp(`/${String(index + 1).padStart(3, '0')}-[a-z0-9-]+\\.md$`));
		const headings = [...read(path).matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
		assert.deepEqual(headings, ['Context', 'Decision', 'Consequences']);
	});
});
