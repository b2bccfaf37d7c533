import type { Theme } from '../settings.ts';
import { paint } from './output.ts';

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

/** Header, rule, rows; one space on both sides of each cell, no border. @returns lines */
export function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], style: TableStyle): string[] {
	const cells = rows.map((row) => columns.map((column) => singleLine(column.cell(row))));
	const widths = columns.map((column, index) => {
		const natural = Math.max(column.title.length, ...cells.map((row) => lengthOf(row[index] ?? '')));
		return style.width === undefined ? natural : Math.min(natural, column.maximum ?? natural);
	});
	const separator = style.theme === 'simple' ? '|' : '';
	if (style.width !== undefined) shrink(columns, widths, style.width - (columns.length - 1) * separator.length);
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
	return paint(process.stdout, 'dim', '─'.repeat(widths.reduce((sum, width) => sum + width + 2, 0)));
}

/** Takes a column from the widest that may give, until the row fits or nobody may. */
function shrink<Row>(columns: readonly Column<Row>[], widths: number[], room: number): void {
	let excess = widths.reduce((sum, width) => sum + width + 2, 0) - room;
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

function fit(cell: string, width: number, centred: boolean): string {
	const characters = [...cell];
	if (characters.length > width) return `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
	const missing = width - characters.length;
	const left = centred ? Math.floor(missing / 2) : 0;
	return ' '.repeat(left) + cell + ' '.repeat(missing - left);
}

function lengthOf(cell: string): number {
	return [...cell].length;
}

/** Replaces control characters: text chosen by a container's owner must not move the cursor of the reader. */
function singleLine(cell: string): string {
	return cell.replace(/\s+/g, ' ').replace(/\p{Cc}/gu, '');
}
