/**
 * The part of pf.conf(5) that Kleene writes, read. Whatever else comes up is an error: a rule that this does not understand
 * must not be taken for one that it does.
 */
export interface Match<T> {
	readonly not: boolean;
	readonly value: T;
}

export type Place =
	| { readonly kind: 'any' }
	| { readonly kind: 'block'; readonly block: string }
	| { readonly kind: 'table'; readonly name: string }
	/** `(em0)`, `(em0:0)`, `(self)`. */
	| { readonly kind: 'interface'; readonly name: string; readonly first: boolean };

export interface Ports {
	readonly first: number;
	readonly last: number;
}

export interface Rule {
	readonly action: 'pass' | 'block' | 'nat' | 'rdr' | 'anchor' | 'nat-anchor' | 'rdr-anchor';
	/** `no nat`, `no rdr`. */
	readonly no: boolean;
	/** Of an anchor that is asked. */
	readonly name: string;
	readonly answer: 'drop' | 'return';
	readonly direction: 'in' | 'out' | undefined;
	readonly quick: boolean;
	readonly on: Match<string> | undefined;
	readonly replyTo: string | undefined;
	readonly family: 4 | 6 | undefined;
	readonly protocol: string | undefined;
	readonly icmpType: string | undefined;
	readonly from: Match<Place>;
	readonly to: Match<Place>;
	readonly port: Ports | undefined;
	readonly tagged: Match<string> | undefined;
	readonly tag: string | undefined;
	/** Only the first packet of a TCP connection: pf's own default where state is kept. */
	readonly synOnly: boolean;
	readonly state: boolean;
	readonly target:
		| { readonly place: Place; readonly port: number | undefined; readonly keepOffset: boolean }
		| undefined;
	readonly text: string;
}

export interface Ruleset {
	readonly tables: ReadonlyMap<string, readonly Match<string>[]>;
	readonly rules: readonly Rule[];
}

export function parseRuleset(text: string): Ruleset {
	const tables = new Map<string, Match<string>[]>();
	const rules: Rule[] = [];
	let stage = 0;
	for (const line of text.split('\n').filter((one) => one.trim() !== '' && !one.startsWith('#'))) {
		const words = new Words(line);
		if (words.take('table')) {
			readTable(words, tables);
			continue;
		}
		const rule = readRule(words, line);
		const translates = !['pass', 'block', 'anchor'].includes(rule.action);
		if (translates && stage > 0) throw new Error(`translation after filtering: ${line}`);
		if (!translates) stage = 1;
		rules.push(rule);
	}
	return { tables, rules };
}

class Words {
	readonly #words: string[];
	readonly #line: string;

	constructor(line: string) {
		this.#line = line;
		this.#words = line.match(/"[^"]*"|->|[{}()<>!,]|[^\s{}()<>!,"]+/g) ?? [];
	}

	get next(): string {
		return this.#words[0] ?? '';
	}

	get done(): boolean {
		return this.#words.length === 0;
	}

	take(...wanted: readonly string[]): boolean {
		if (!wanted.every((word, index) => this.#words[index] === word)) return false;
		this.#words.splice(0, wanted.length);
		return true;
	}

	expect(word: string): void {
		if (!this.take(word)) throw new Error(`expected ${word}, not "${this.next}": ${this.#line}`);
	}

	/** A name or value; a quoted one is never a keyword. */
	word(): string {
		const word = this.#words.shift();
		if (word === undefined || /^[{}()<>!,]$/.test(word)) throw new Error(`a word is missing: ${this.#line}`);
		return word.replace(/^"(.*)"$/, '$1');
	}
}

function readTable(words: Words, tables: Map<string, Match<string>[]>): void {
	words.expect('<');
	const name = words.word();
	words.expect('>');
	const entries: Match<string>[] = [];
	if (!words.take('persist')) {
		words.expect('{');
		while (!words.take('}')) {
			const not = words.take('!');
			entries.push({ not, value: words.word() });
			words.take(',');
		}
	}
	tables.set(name, entries);
}

const ANCHORS = ['anchor', 'nat-anchor', 'rdr-anchor'] as const;

function readRule(words: Words, text: string): Rule {
	const no = words.take('no');
	const action = words.word() as Rule['action'];
	if (!['pass', 'block', 'nat', 'rdr', ...ANCHORS].includes(action)) throw new Error(`no such action: ${text}`);
	const answer = action === 'block' ? readAnswer(words) : 'drop';
	const name = (ANCHORS as readonly string[]).includes(action) ? words.word() : '';
	const direction = words.take('in') ? 'in' : words.take('out') ? 'out' : undefined;
	const quick = words.take('quick');
	const on = words.take('on') ? { not: words.take('!'), value: words.word() } : undefined;
	const replyTo = words.take('reply-to') ? readReplyTo(words) : undefined;
	const family = words.take('inet') ? 4 : words.take('inet6') ? 6 : undefined;
	const protocol = words.take('proto') ? words.word() : undefined;
	const [from, to, port] = readFromTo(words);
	const rest = readOptions(words, action);
	if (replyTo && !direction) throw new Error(`a direction is needed: ${text}`);
	const where = { direction, quick, on, replyTo, family, protocol, from, to, port } as const;
	return { action, no, name, answer, ...where, ...rest, text };
}

function readAnswer(words: Words): Rule['answer'] {
	if (words.take('return-icmp', '(', 'filter-prohib', ',', 'admin-unr', ')')) return 'return';
	words.take('drop');
	return 'drop';
}

function readReplyTo(words: Words): string {
	words.expect('(');
	const name = words.word();
	words.word();
	words.expect(')');
	return name;
}

type FromTo = [from: Match<Place>, to: Match<Place>, port: Ports | undefined];
const ANY = { not: false, value: { kind: 'any' } } as const;

function readFromTo(words: Words): FromTo {
	if (words.take('all') || words.done) return [ANY, ANY, undefined];
	const from = words.take('from') ? readPlace(words) : ANY;
	const to = words.take('to') ? readPlace(words) : ANY;
	if (!words.take('port')) return [from, to, undefined];
	const [first, last = first] = words.word().split(':').map(Number);
	return [from, to, { first: first!, last: last! }];
}

function readPlace(words: Words): Match<Place> {
	const not = words.take('!');
	if (words.take('any')) return { not, value: { kind: 'any' } };
	if (words.take('<')) {
		const name = words.word();
		words.expect('>');
		return { not, value: { kind: 'table', name } };
	}
	return { not, value: readAddress(words) };
}

function readAddress(words: Words): Place {
	if (!words.take('(')) return { kind: 'block', block: words.word() };
	const [name = '', modifier] = words.word().split(':');
	if (modifier !== undefined && modifier !== '0') throw new Error(`unknown modifier :${modifier}`);
	words.expect(')');
	return { kind: 'interface', name, first: modifier === '0' };
}

type Options = Pick<Rule, 'icmpType' | 'tagged' | 'tag' | 'synOnly' | 'state' | 'target'>;

function readOptions(words: Words, action: Rule['action']): Options {
	const found: { -readonly [K in keyof Options]: Options[K] } = {
		icmpType: undefined,
		tagged: undefined,
		tag: undefined,
		synOnly: action === 'pass',
		state: action === 'pass',
		target: undefined,
	};
	while (!words.done) {
		if (words.take('no', 'state')) Object.assign(found, { state: false, synOnly: false });
		else if (words.take('flags', 'any')) found.synOnly = false;
		else if (words.take('keep', 'state')) words.take('(', 'sloppy', ')');
		else if (words.take('icmp6-type')) found.icmpType = words.word();
		else if (words.take('label')) words.word();
		else if (words.take('tag')) found.tag = words.word();
		else if (words.take('->')) found.target = readTarget(words);
		else {
			const not = words.take('!');
			words.expect('tagged');
			found.tagged = { not, value: words.word() };
		}
	}
	return found;
}

function readTarget(words: Words): Rule['target'] {
	const place = readAddress(words);
	if (!words.take('port')) return { place, port: undefined, keepOffset: false };
	const [port, star] = words.word().split(':');
	return { place, port: Number(port), keepOffset: star === '*' };
}
