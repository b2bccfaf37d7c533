/** The progress of a build: on a terminal as a picture, elsewhere as text. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import { screenOf } from '#test/testbed/screen.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { context, removeContexts } from './context.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithImage();
	await host.kleeOutput('volume', 'create', 'shared');
});
afterEach(async () => {
	removeContexts();
	await host.removeContainers();
});
after(() => host.close());

const SIZE = { rows: 20, columns: 60 };
const ESCAPE = '\u001b';

const both = (own: string, other: string) =>
	`RUN echo ${own} waits; touch /shared/${own}; for i in $(seq 400); do [ -e /shared/${other} ] && exit 0; sleep 0.05; done; exit 1`;

test('on a terminal steps that run are drawn side by side, and those that are over stay', async () => {
	const dockerfile = `
ARG BASE=Debian
FROM Debian AS one
${both('a', 'b')}
FROM Debian AS two
${both('b', 'a')}
FROM $BASE
COPY --from=one /etc/debian_version /one
COPY --from=two /etc/debian_version /two
`;
	const build = ['build', '-t', 'app', '-m', 'shared:/shared', context(dockerfile)];
	const building = host.converse(build, SIZE);
	const { code } = await building.ended;
	assert.equal(code, 0, building.output);
	const pictures = building.output.split(`${ESCAPE}[J`);
	const together = pictures.find((picture) => /one: RUN echo a/.test(picture) && /two: RUN echo b/.test(picture));
	assert.match(together ?? '', /a waits.*b waits/s);
	const lines = screenOf(building.output, SIZE.columns).filter((line) => line !== '');
	for (const line of lines) assert.ok([...line].length < SIZE.columns, line);
	const over = lines.filter((line) => /^✔ \[\d\/8\] .* \d+\.\ds$/.test(line));
	assert.equal(over.length, 8, lines.join('\n'));
	assert.deepEqual(
		lines.slice(8).map((line) => line.replace(/[\d.]+s$/, 'T')),
		['Built in T', lines.at(-1)],
	);
	assert.match(lines.at(-1) ?? '', /^[0-9a-f]{12}$/);
	assert.ok(building.output.includes(`${ESCAPE}[32m✔`));

	const again = await host.converse(build, SIZE).ended;
	const cached = screenOf(again.stdout, SIZE.columns).filter((line) => line.endsWith(' cached'));
	assert.equal(cached.length, 4, again.stdout);
});

test('a step that fails is shown with its output, and escape sequences of it do not reach the terminal', async () => {
	const evil = `printf 'red \\033[31m\\033[2J\\033]0;title\\007 end\\nhalf\\rwhole\\n'`;
	const directory = context(`FROM Debian\nRUN ${evil}; seq 30; exit 3\n`);
	const { code, stdout } = await host.converse(['build', '--rm', directory], SIZE).ended;
	assert.equal(code, 1);
	const lines = screenOf(stdout, SIZE.columns);
	const at = lines.findIndex((line) => line.startsWith('✘ [2/2] RUN printf'));
	assert.ok(at > 0, stdout);
	assert.deepEqual(lines.slice(at + 1, at + 4), ['    red  end', '    whole', '    1']);
	assert.match(lines.slice(at).join('\n'), /\n {4}30\nerror: .* returned a non-zero code: 3\n/s);
	assert.ok(!stdout.includes(`${ESCAPE}[2J`), stdout);
	assert.ok(!stdout.includes(`${ESCAPE}]0;`), stdout);
});

test('without colours where NO_COLOR is set; as text on a dumb terminal, in a pipe, and where it is asked for', async () => {
	const directory = context('FROM Debian\nRUN echo said >&2\n');
	const colours = { ...host.environment, NO_COLOR: '1' };
	const shell = (env: NodeJS.ProcessEnv, ...options: readonly string[]) =>
		host.converse(['build', '--no-cache', ...options, directory], SIZE, env).ended;
	const bare = await shell(colours);
	assert.ok(bare.stdout.includes('✔') && !bare.stdout.includes(`${ESCAPE}[32m`), bare.stdout);
	for (const { stdout } of [
		await shell({ ...host.environment, TERM: 'dumb' }),
		await shell(host.environment, '--progress', 'plain'),
	]) {
		assert.match(
			stdout,
			/Step 2\/2 : RUN echo said >&2\r?\nsaid\r?\n--> Snapshot created: @\w+\r?\n--> Done in \d+\.\d s/,
		);
		assert.ok(!stdout.includes(ESCAPE));
	}
	const refused = await host.klee('build', '--progress', 'tty', directory);
	assert.equal(refused.code, 2);
	assert.match(refused.stderr, /standard error is no terminal/);
});
