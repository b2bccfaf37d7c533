/** The figures as a table, printed and in docs/reliability.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Figures, Part } from '../../test/torture/part.ts';

const DOCUMENT = new URL('../../docs/reliability.md', import.meta.url);
const BEGIN = '<!-- torture: written by npm run torture -- --write -->';
const END = '<!-- /torture -->';

export interface Result {
	readonly part: Part;
	readonly figures: Figures;
	readonly seconds: number;
}

const TITLES = ['Part', 'Injected', 'Requests', 'Packets', 'Lost', 'Leaks', 'Failures', 'Run'];

export function print(results: readonly Result[]): void {
	const rows = [TITLES, ...results.map((result) => cellsOf(result))];
	const widths = TITLES.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
	console.log('');
	for (const row of rows) {
		const cells = row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)));
		console.log(cells.join('  '));
	}
	for (const { part, figures } of results) if (figures.note) console.log(`${part.name}: ${figures.note}`);
}

function cellsOf({ part, figures, seconds }: Result): string[] {
	const { injected, requests, packets, lost, leaks, failures } = figures;
	const counts = [injected, requests, packets, lost, leaks].map((count) => count?.toLocaleString('en-US') ?? '');
	return [part.name, ...counts, String(failures.length), durationOf(seconds)];
}

function durationOf(seconds: number): string {
	return seconds < 120 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}

/**
 * Writes figures into docs/reliability.md. Rows of parts that did not run stay as they are; rows of parts that are no
 * more go.
 *
 * @param machine e.g. `2 × Xeon, Linux 6.1`
 */
export function write(results: readonly Result[], parts: readonly Part[], machine: string, date: Date): void {
	const document = readFileSync(DOCUMENT, 'utf8');
	writeFileSync(DOCUMENT, tabled(document, { results, parts, run: `${date.toISOString().slice(0, 10)}, ${machine}` }));
}

interface News {
	readonly results: readonly Result[];
	readonly parts: readonly Part[];
	/** Date and machine. */
	readonly run: string;
}

/** The document with a row for each part that ever ran. */
export function tabled(document: string, { results, parts, run }: News): string {
	const [head, rest] = document.split(BEGIN);
	const [inside, tail] = rest?.split(END) ?? [];
	if (head === undefined || inside === undefined || tail === undefined)
		throw new Error(`docs/reliability.md has no ${BEGIN} ... ${END}`);
	const rows = new Map(inside.split('\n').flatMap((line) => (line.startsWith('| `') ? [[nameIn(line), line]] : [])));
	for (const result of results) rows.set(result.part.name, rowOf(result, run));
	const kept = parts.flatMap(({ name }) => rows.get(name) ?? []);
	const columns = [TITLES[0], 'Fault and expectation', ...TITLES.slice(1)];
	const header = [columns, columns.map(() => '---')].map((cells) => `| ${cells.join(' | ')} |`);
	return `${head}${BEGIN}\n${[...header, ...kept].join('\n')}\n${END}${tail}`;
}

function nameIn(row: string): string {
	return row.split('`')[1] ?? '';
}

function rowOf(result: Result, run: string): string {
	const [name, ...cells] = cellsOf(result);
	const { what } = result.part;
	const { note } = result.figures;
	const duration = cells.pop();
	return `| \`${name}\` | ${[note ? `${what}; ${note}` : what, ...cells, `${duration}; ${run}`].join(' | ')} |`;
}
