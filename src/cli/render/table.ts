import type { Theme } from '../settings.ts';
import { paint } from './output.ts';
import { columnsOf, cut, pieces } from './width.ts';

export interface Column<Row> {
	readonly title: string;
	readonly cell: (row: Row) => string;
	/** May be cut with `…` where the terminal is too narrow. Identifiers may not. */
	readonly shrinks?: boolean;
	/** Widest on a terminal, however much room there is. */
	readonly maximum?: number;
	readonly centred?: boolean;
}

export interface TableStyle {
	readonly theme: Theme;
	/** Columns of the terminal; undefined: not a terminal, nothing is cut. */
	readonly width: number | undefined;
}

const NARROWEST = 6;

/**
 * Header, rule, rows; one space on both sides of each cell, no border. On a terminal that is too narrow for that, each
 * row is a block of lines, one or more for each cell, with the whole text. @returns lines, none wider than the terminal
 */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: TableStyle): string[] {
	const cells = rows.map((row) => columns.map((column) => singleLine(column.cell(row))));
	const widths = columns.map((column, index) => {
		const natural = Math.max(columnsOf(column.title), ...cells.map((row) => columnsOf(row[index] ?? '')));
		return style.width === undefined ? natural : Math.min(natural, column.maximum ?? natural);
	});
	const separator = style.theme === 'simple' ? '|' : '';
	if (style.width !== undefined) {
		const room = style.width - (columns.length - 1) * separator.length;
		shrink(columns, widths, room);
		if (spaceOf(widths) > room) return renderBlocks(columns, cells, style.width);
	}
	const draw = (row: readonly string[]) =>
		row
			.map((cell, index) => ` ${fit(cell, widths[index] ?? 0, columns[index]?.centred ?? false)} `)
			.join(separator)
			.trimEnd();
	const header = draw(columns.map((column) => column.title));
	return [paint(process.stdout, 'bold', header), rule(widths, style.theme), ...cells.map(draw)];
}

function rule(widths: readonly number[], theme: Theme): string {
	if (theme === 'simple') return widths.map((width) => '-'.repeat(width + 2)).join('+');
	return paint(process.stdout, 'dim', '─'.repeat(spaceOf(widths)));
}

/** Takes a column from the widest that may give, until the row fits or nobody may. */
function shrink<Row>(columns: readonly Column<Row>[], widths: number[], room: number): void {
	let excess = spaceOf(widths) - room;
	while (excess > 0) {
		let widest = -1;
		for (const [index, column] of columns.entries()) {
			const width = widths[index] ?? 0;
			if (column.shrinks && width > NARROWEST && width > (widths[widest] ?? 0)) widest = index;
		}
		if (widest < 0) return;
		widths[widest] = (widths[widest] ?? 0) - 1;
		excess -= 1;
	}
}

function spaceOf(widths: readonly number[]): number {
	return widths.reduce((sum, width) => sum + width + 2, 0);
}

/** Least room for a value beside its title. */
const LEAST = 8;

function renderBlocks<Row>(columns: readonly Column<Row>[], cells: readonly string[][], width: number): string[] {
	const titles = columns.map(({ title }) => title);
	const margin = Math.max(...titles.map(columnsOf)) + 3;
	const room = Math.max(LEAST, width - margin);
	if (cells.length === 0) return [paint(process.stdout, 'bold', cut(` ${titles.join('  ')}`, width))];
	const blocks = cells.map((row) =>
		row.flatMap((cell, index) =>
			pieces(cell, room).map((piece, line) => {
				const title = ` ${line === 0 ? (titles[index] ?? '') : ''}`.padEnd(margin);
				return `${line === 0 ? paint(process.stdout, 'bold', title) : title}${piece}`.trimEnd();
			}),
		),
	);
	return blocks.flatMap((block, index) => (index === 0 ? block : ['', ...block]));
}

function fit(cell: string, width: number, centred: boolean): string {
	const shown = cut(cell, width);
	const missing = width - columnsOf(shown);
	const left = centred ? Math.floor(missing / 2) : 0;
	return ' '.repeat(left) + shown + ' '.repeat(missing - left);
}

/** Control characters, and those that change the direction of the rest of the line (UAX #9). */
const CONTROL = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Replaces control characters: text chosen by a container's owner must not move the cursor of the reader. */
function singleLine(cell: string): string {
	return cell.replace(/\s+/g, ' ').replace(CONTROL, '');
}
