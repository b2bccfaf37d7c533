/**
 * Draws which folder of src/ imports which, from the imports themselves, into docs/ARCHITECTURE.md.
 * `node scripts/graph.ts` rewrites the diagram, `--check` fails when it is out of date.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { cruise, type ICruiseResult } from 'dependency-cruiser';

const DOCUMENT = new URL('../docs/ARCHITECTURE.md', import.meta.url);
const BEGIN = '<!-- graph: written by scripts/graph.ts -->';
const END = '<!-- /graph -->';

/** What is a layer of its own inside another one: folders, and what the hosts are built on. */
const NESTED = /^src\/(engine\/plan|host\/(?:linux|freebsd|fake|driver|process-streams|registry))(?:\/|\.ts$)/;

function folderOf(path: string): string | undefined {
	if (path.endsWith('.test.ts')) return undefined;
	return NESTED.exec(path)?.[1] ?? /^src\/([^/]+)\//.exec(path)?.[1];
}

/** `a --> b` once for each pair of folders with an import between them, sorted. */
async function edges(): Promise<string[]> {
	const { output } = await cruise(['src'], {
		doNotFollow: { path: 'node_modules' },
		tsPreCompilationDeps: true,
		tsConfig: { fileName: 'tsconfig.json' },
		enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
	});
	const found = new Set<string>();
	for (const { source, dependencies } of (output as ICruiseResult).modules) {
		const from = folderOf(source);
		for (const { resolved } of dependencies) {
			const to = folderOf(resolved);
			if (from && to && from !== to) found.add(`${from} --> ${to}`);
		}
	}
	return withoutShortcuts([...found].sort());
}

/**
 * Nearly everything imports `errors`, `inet` and `model`: those arrows would hide the rest, and the import law states them.
 */
function withoutShortcuts(all: readonly string[]): string[] {
	return all.filter((edge) => !/--> (errors|inet|model)$/.test(edge));
}

/** The document with the diagram as it should be. */
export async function drawn(document: string): Promise<string> {
	const [head, rest] = document.split(BEGIN);
	const tail = rest?.split(END)[1];
	if (head === undefined || tail === undefined) throw new Error(`docs/ARCHITECTURE.md has no ${BEGIN} ... ${END}`);
	const lines = (await edges()).map((edge) => `    ${edge.replace(/[a-z]+\/[a-z-]*[a-z]/g, named)}`);
	return `${head}${BEGIN}\n\`\`\`mermaid\nflowchart TD\n${lines.join('\n')}\n\`\`\`\n${END}${tail}`;
}

/** Mermaid takes no slash and no double hyphen in an id. */
function named(path: string): string {
	return `${path.replaceAll(/[/-]/g, '_')}["${path}"]`;
}

async function main(): Promise<void> {
	const document = readFileSync(DOCUMENT, 'utf8');
	const wanted = await drawn(document);
	if (wanted === document) return;
	if (process.argv.includes('--check')) {
		console.error('docs/ARCHITECTURE.md shows another import graph than src/ has: run node scripts/graph.ts');
		process.exitCode = 1;
	} else writeFileSync(DOCUMENT, wanted);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main();
