/** Lists of objects: a table, JSON, or identifiers alone. */
import { renderJson } from '../render/json.ts';
import { line, lines, terminalWidth } from '../render/output.ts';
import { type Column, renderTable } from '../render/table.ts';
import type { Settings } from '../settings.ts';
import type { Listing } from '../syntax/options.ts';

/** @param identify what other commands find the object by */
export function printList<T>(
	objects: readonly T[],
	columns: readonly Column<T>[],
	identify: (object: T) => string,
	{ options, settings }: { readonly options: Listing; readonly settings: Pick<Settings, 'theme'> },
): void {
	if (options.json) line(renderJson(objects));
	else if (options.quiet) lines(objects.map(identify));
	else lines(renderTable(columns, objects, { theme: settings.theme, width: terminalWidth() }));
}
