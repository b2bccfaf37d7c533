// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables of a Dockerfile look like those of a template.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isKleeneError } from '#errors/kleene-error.ts';
import { KEYWORDS, readDockerfile } from './read.ts';

const actions = (text: string) =>
	readDockerfile(`FROM a\n${text}`).stages[0]?.instructions.map(({ action }) => action) ?? [];
const only = (text: string) => actions(text)[0];

test('stages have a name, a base and a platform', () => {
	const { args, stages } = readDockerfile(
		'# comment\nARG V=1\nFROM --platform=linux/amd64 web:${V} AS Build\nRUN x\nFROM scratch\n',
	);
	assert.deepEqual(
		args.map(({ action }) => action),
		[{ kind: 'arg', pairs: [['V', '1']] }],
	);
	assert.deepEqual(
		stages.map(({ name, base, platform, number }) => ({ name, base, platform, number })),
		[
			{ name: 'build', base: 'web:${V}', platform: 'linux/amd64', number: 3 },
			{ name: undefined, base: 'scratch', platform: undefined, number: 5 },
		],
	);
});

test('continued lines are joined, comments and empty lines between them left out', () => {
	const stage = readDockerfile('FROM a\nRUN one \\\n  # not this\n\n  && two  three\nUSER x').stages[0];
	assert.equal(stage?.instructions[0]?.line, 'RUN one   && two  three');
	assert.deepEqual(
		stage?.instructions.map(({ number }) => number),
		[2, 6],
	);
});

test('a backtick is the escape character where a directive says so', () => {
	const { escapeChar, stages } = readDockerfile('# escape=`\nFROM a\nRUN one `\n two \\\nUSER x');
	assert.equal(escapeChar, '`');
	assert.deepEqual(
		stages[0]?.instructions.map(({ line }) => line),
		['RUN one  two \\', 'USER x'],
	);
});

test('commands are words or text for the shell', () => {
	assert.deepEqual(only('RUN ["a b", "c"]'), {
		kind: 'run',
		command: { form: 'exec', words: ['a b', 'c'] },
		input: undefined,
		mounts: [],
	});
	assert.deepEqual(only('cmd [ -f /x ]'), { kind: 'cmd', command: { form: 'shell', text: '[ -f /x ]' } });
});

test('here-documents are input of RUN and files of COPY', () => {
	assert.deepEqual(only('RUN <<EOT\necho 1\n# kept\nEOT\nUSER x'), {
		kind: 'run',
		command: { form: 'shell', text: '' },
		input: { name: 'EOT', content: 'echo 1\n# kept\n', expands: true },
		mounts: [],
	});
	const copy = only("COPY <<'a.txt' <<-b /d/\n$x\na.txt\n\ttwo\n\tb\nUSER x");
	assert.deepEqual(copy?.kind === 'copy' && [copy.sources, copy.destination, copy.files], [
		[],
		'/d/',
		[
			{ name: 'a.txt', content: '$x\n', expands: false },
			{ name: 'b', content: 'two\n', expands: true },
		],
	]);
});

test('COPY and ADD take options, words and JSON lists', () => {
	const options = { from: undefined, chown: undefined, chmod: undefined, files: [] };
	assert.deepEqual(only('COPY --from=x --chown=1:2 --chmod=0755 a "b c" /d'), {
		...options,
		...{ kind: 'copy', sources: ['a', '"b c"'], destination: '/d', from: 'x', chown: '1:2', chmod: '0755' },
	});
	assert.deepEqual(only('ADD ["a b", "/d"]'), { ...options, kind: 'add', sources: ['a b'], destination: '/d' });
});

test('ENV, LABEL and ARG take pairs, ENV also the old form', () => {
	assert.deepEqual(only('ENV A=1 B="x y" C=\\ z'), {
		kind: 'env',
		pairs: [
			['A', '1'],
			['B', '"x y"'],
			['C', '\\ z'],
		],
	});
	assert.deepEqual(only('ENV A some  text'), { kind: 'env', pairs: [['A', 'some  text']] });
	assert.deepEqual(only('LABEL "a b"=c'), { kind: 'label', pairs: [['"a b"', 'c']] });
	assert.deepEqual(only('ARG A B=2'), {
		kind: 'arg',
		pairs: [
			['A', undefined],
			['B', '2'],
		],
	});
});

test('a health check has durations in milliseconds', () => {
	assert.deepEqual(only('HEALTHCHECK --interval=1m30s --retries=3 CMD curl x'), {
		kind: 'healthcheck',
		command: { form: 'shell', text: 'curl x' },
		options: { interval: 90_000, timeout: 0, startPeriod: 0, startInterval: 0, retries: 3 },
	});
	assert.equal(only('HEALTHCHECK NONE')?.kind, 'healthcheck');
});

const REFUSED: readonly (readonly [text: string, message: string])[] = [
	['RUN x', "'RUN x' not permitted before a FROM instruction"],
	['WHAT x', "error in 'WHAT x': invalid instruction"],
	['FROM a\nWHAT x', "error in 'WHAT x': invalid instruction"],
	['FROM a\nONBUILD RUN x', "error in 'ONBUILD RUN x': invalid instruction"],
	['FROM a\nENV 1A=2', 'ENV/ARG variable name is invalid on line: ENV 1A=2'],
	['FROM a\nCOPY x', "error in 'COPY x': invalid instruction"],
	['FROM a\nADD https://x.test/y /z', "error in 'ADD https://x.test/y /z': invalid instruction"],
	['FROM a\nRUN --mount=type=secret x', "error in 'RUN --mount=type=secret x': invalid instruction"],
	['FROM a b', "error in 'FROM a b': invalid instruction"],
	['FROM a AS x\nFROM b AS X', "error in 'FROM b AS X': invalid instruction"],
	['FROM a\nSHELL sh', "error in 'SHELL sh': invalid instruction"],
	['FROM a\nRUN', "error in 'RUN': invalid instruction"],
];

for (const [text, message] of REFUSED) {
	test(`refused: ${JSON.stringify(text)}`, () => {
		assert.throws(() => readDockerfile(text), { code: 'DOCKERFILE_INVALID', message });
	});
}

test('a Dockerfile without FROM is refused', () => assert.throws(() => readDockerfile('# nothing\n'), /no FROM/));

test('any text is read or refused, never a crash', () => {
	const words = fc.constantFrom(
		...KEYWORDS,
		'a',
		'$A',
		'${',
		'"',
		"'",
		'\\',
		'\n',
		' ',
		'#',
		'<<E',
		'E',
		'[',
		'"]',
		'--from=',
		'=',
		'`',
		'\t',
	);
	fc.assert(
		fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 30 }), (pieces) => {
			try {
				readDockerfile(`FROM a\n${pieces.join('')}`);
			} catch (error) {
				assert.ok(isKleeneError(error), String(error));
			}
		}),
		{ numRuns: 500 },
	);
});

test('what every object has is no option', () => {
	for (const text of ['HEALTHCHECK --constructor=5s CMD x', 'RUN --mount=type=cache,target=/a,__proto__=b x'])
		assert.throws(() => actions(text), isKleeneError, text);
});
