/**
 * An nftables table as `nft -j list table` answers, in a form in which two of them can be compared: without handles and
 * counters, elements apart from their sets, the rules of a chain together. Rules that report refused packets are left out.
 */
import { isReport } from '../firewall/refusals/chains.ts';

/** One thing in a table that is there or not, as it should be or different. */
export interface TableEntry {
	readonly kind: 'set' | 'element' | 'chain' | 'rules';
	/** Name of the set, map or chain. */
	readonly holder: string;
	/** Of an element, e.g. `tcp . 8080`; `''` for the others. */
	readonly key: string;
	/** Value of a map element, e.g. `10.4.6.2 . 80`, or the limit in it; for the others text that is equal when they are. */
	readonly value: string;
}

/** Entries by identity: kind, holder and key. */
export type Table = ReadonlyMap<string, TableEntry>;

type Json = Record<string, unknown>;

/** Elements that the kernel adds and removes by itself say nothing about who changed what. */
const VOLATILE = ['dynamic', 'timeout'];

export function readTable(answer: unknown): Table {
	const objects = ((answer as { nftables?: Json[] }).nftables ?? []).flatMap((object) => Object.entries(object));
	const entries: TableEntry[] = [];
	const rules = new Map<string, string[]>();
	for (const [kind, value] of objects) {
		const object = value as Json;
		const holder = String(object.name);
		if (kind === 'set' || kind === 'map') entries.push(...readSet(holder, object));
		if (kind === 'chain') {
			entries.push({ kind, holder, key: '', value: shapeOf(object, 'type', 'hook', 'prio', 'policy') });
			rules.set(holder, []);
		}
		if (kind === 'rule' && !isReport(object.expr))
			rules.get(String(object.chain))?.push(JSON.stringify(object.expr, withoutCounts));
	}
	for (const [holder, list] of rules) entries.push({ kind: 'rules', holder, key: '', value: list.join('\n') });
	return new Map(entries.map((entry) => [identityOf(entry), entry]));
}

function identityOf({ kind, holder, key }: TableEntry): string {
	return `${kind} ${holder} ${key}`;
}

function readSet(holder: string, object: Json): TableEntry[] {
	const set: TableEntry = { kind: 'set', holder, key: '', value: shapeOf(object, 'type', 'map', 'flags') };
	const flags = JSON.stringify(object.flags ?? []);
	if (VOLATILE.some((flag) => flags.includes(`"${flag}"`))) return [set];
	const elements = (object.elem as unknown[] | undefined) ?? [];
	return [set, ...elements.map((element) => readElement(holder, element, object.map !== undefined))];
}

function readElement(holder: string, element: unknown, isMap: boolean): TableEntry {
	const [key, value] = isMap ? (element as [unknown, unknown]) : [element, limitOf(element)];
	return { kind: 'element', holder, key: textOf(key), value: textOf(value) };
}

/** Limit that belongs to an element, as text that is equal when they are; `''`: none. */
function limitOf(element: unknown): string {
	const inner = (element as { elem?: Json } | null)?.elem;
	return inner ? ['ct count', 'limit'].flatMap((name) => (inner[name] ? JSON.stringify(inner[name]) : [])).join() : '';
}

/** In nft's own words, as far as our elements go. */
function textOf(value: unknown): string {
	if (typeof value !== 'object' || value === null) return String(value);
	const [[name, content] = ['', undefined]] = Object.entries(value);
	if (name === 'concat') return (content as unknown[]).map(textOf).join(' . ');
	if (name === 'range') return (content as unknown[]).map(textOf).join('-');
	if (name === 'prefix') return `${(content as Json).addr}/${(content as Json).len}`;
	if (name === 'elem') return textOf((content as Json).val);
	if (name === 'goto' || name === 'jump') return `${name} ${(content as Json).target}`;
	return content === null ? name : JSON.stringify(value);
}

function shapeOf(object: Json, ...fields: string[]): string {
	return JSON.stringify(fields.map((field) => object[field] ?? null));
}

function withoutCounts(key: string, value: unknown): unknown {
	return key === 'counter' || key === 'handle' ? null : value;
}

export interface TableDifference {
	/** Expected and not there, or there with another value. */
	readonly lacking: readonly { readonly entry: TableEntry; readonly found: TableEntry | undefined }[];
	/** There and not expected. */
	readonly excess: readonly TableEntry[];
}

export function compareTables(expected: Table, found: Table): TableDifference {
	const lacking = [...expected]
		.map(([identity, entry]) => ({ entry, found: found.get(identity) }))
		.filter((one) => one.found?.value !== one.entry.value);
	return { lacking, excess: [...found].filter(([identity]) => !expected.has(identity)).map(([, entry]) => entry) };
}
