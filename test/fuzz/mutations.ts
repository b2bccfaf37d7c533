/** Recorded text and bytes with something changed: most of it still gets past the first check of a parser. */
import fc from 'fast-check';

/** Pieces that mean something to some parser. */
const PIECES = [
	...[
		'\0',
		'\n',
		'\t',
		' ',
		'{',
		'}',
		'[',
		']',
		'"',
		':',
		'/',
		'=',
		',',
		'<',
		'>',
		'\\',
		'\x1b',
		'\xff',
		'é',
		'💥',
		'\ud800',
	],
	...[
		'null',
		'true',
		'-1',
		'0',
		'99999999999999999999',
		'1e999',
		'0x',
		'NaN',
		'__proto__',
		'::',
		'255.255.255.256',
		'%',
	],
];

interface Edit {
	readonly at: number;
	readonly length: number;
	readonly how: 'cut' | 'repeat' | 'replace' | 'end';
	readonly piece: string;
	readonly times: number;
}

const edit: fc.Arbitrary<Edit> = fc.record({
	at: fc.double({ min: 0, max: 1, noNaN: true }),
	length: fc.oneof({ weight: 4, arbitrary: fc.nat(8) }, { weight: 1, arbitrary: fc.nat(400) }),
	how: fc.constantFrom('cut', 'repeat', 'replace', 'replace', 'end'),
	piece: fc.constantFrom(...PIECES),
	times: fc.oneof(
		{ weight: 9, arbitrary: fc.integer({ min: 1, max: 4 }) },
		{ weight: 1, arbitrary: fc.constant(5000) },
	),
});

/** One of the samples, changed in up to four places. */
export function changedText(samples: readonly string[]): fc.Arbitrary<string> {
	const edits = fc.array(edit, { maxLength: 4 });
	return fc.tuple(fc.constantFrom(...samples), edits).map(([sample, all]) => all.reduce(applied, sample));
}

function applied(text: string, { at, length, how, piece, times }: Edit): string {
	const start = Math.floor(at * text.length);
	const [head, middle, tail] = [text.slice(0, start), text.slice(start, start + length), text.slice(start + length)];
	switch (how) {
		case 'cut':
			return head + tail;
		case 'repeat':
			return head + middle.repeat(times) + tail;
		case 'replace':
			return head + piece.repeat(times) + tail;
		case 'end':
			return head;
	}
}

/** The same for bytes; single bytes become the bounds of numbers. */
export function changedBytes(samples: readonly Buffer[]): fc.Arbitrary<Buffer> {
	const change = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff, 4));
	const cut = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { freq: 3 });
	return fc
		.tuple(fc.constantFrom(...samples), fc.array(change, { maxLength: 8 }), cut)
		.map(([sample, changes, end]) => {
			const bytes = Buffer.from(sample);
			for (const [at, value] of changes) if (bytes.length > 0) bytes[Math.floor(at * (bytes.length - 1))] = value;
			return end === null ? bytes : bytes.subarray(0, Math.floor(end * bytes.length));
		});
}
