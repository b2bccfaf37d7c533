/** The prebuilt init programs are what their source says. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';

const source = join(import.meta.dirname, '../../../src/host/linux/sandbox/bundle/init');
const directory = mkdtempSync(join(tmpdir(), 'kleene-init-'));
after(() => rmSync(directory, { recursive: true }));

/** The compiler that the programs in the repository were built with. */
const COMPILER = /gcc.*\b12\.2\.0\b/;

for (const [name, compiler] of [
	['init-x64', 'x86_64-linux-gnu-gcc'],
	['init-arm64', 'aarch64-linux-gnu-gcc'],
] as const) {
	const version = spawnSync(compiler, ['--version'], { encoding: 'utf8' });
	test(`${name} is built from init.c`, { skip: version.error ? `no ${compiler}` : false }, (context) => {
		const built = spawnSync('sh', [join(source, 'build.sh'), directory], { encoding: 'utf8' });
		assert.equal(built.status, 0, built.stderr);
		if (!COMPILER.test(version.stdout)) return context.skip('another compiler: bytes differ');
		assert.ok(readFileSync(join(directory, name)).equals(readFileSync(join(source, name))), 'run build.sh and commit');
	});
}

const programs = [join(source, `init-${process.arch}`), join(directory, `init-${process.arch}`)];

describe('process 1', () => {
	const run = (program: string, words: string[], script: string) => {
		const status = join(directory, 'status');
		writeFileSync(status, '');
		const argv = ['--fork', '--pid', '--mount-proc', program, status, ...words, 'sh', '-c', script];
		const { status: code, stdout, stderr } = spawnSync('unshare', argv, { encoding: 'utf8', timeout: 10_000 });
		return { code, stdout, stderr, status: readFileSync(status, 'utf8') };
	};

	for (const program of programs) {
		test(`${program}: ends with its command's code, or signal`, (context) => {
			if (!existsSync(program)) return context.skip('not built');
			assert.deepEqual(run(program, ['0', '0', '-', '0'], 'exit 3'), {
				code: 3,
				stdout: '',
				stderr: '',
				status: '2\n',
			});
			assert.equal(run(program, ['0', '0', '-', '0'], 'kill -KILL $$').code, 137);
		});

		test(`${program}: reaps, lives on with what is left, and tells the code`, (context) => {
			if (!existsSync(program)) return context.skip('not built');
			const script = '(sleep 0.2; (sleep 0.1 &); exit 1) & (exit 2) & echo $$; exit 4';
			const before = Date.now();
			const ran = run(program, ['0', '0', '-', '0'], script);
			assert.deepEqual([ran.code, ran.stdout, ran.status], [4, '2\n', '2\n4\n']);
			assert.ok(Date.now() - before >= 200);
		});

		test(`${program}: takes on user and groups, and resets signals`, (context) => {
			if (!existsSync(program)) return context.skip('not built');
			const script = 'id -u; id -g; id -G; grep -E "SigBlk|SigIgn" /proc/self/status';
			assert.equal(
				run(program, ['12', '34', '56,78', '6'], script).stdout,
				'12\n34\n34 56 78\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n',
			);
		});

		test(`${program}: hands a script without interpreter to sh`, (context) => {
			if (!existsSync(program)) return context.skip('not built');
			const file = join(directory, 'script');
			writeFileSync(file, 'echo ran $1\n', { mode: 0o755 });
			assert.equal(run(program, ['0', '0', '-', '0'], `exec ${program} - 0 0 - 0 ${file} it`).stdout, 'ran it\n');
		});
	}
});
