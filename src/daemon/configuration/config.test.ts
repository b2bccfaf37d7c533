import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readArguments } from './config.ts';

const limitsOf = (...argv: readonly string[]) => readArguments(argv).config.limits;

test('limits are those of the host unless they are given, and whole numbers', () => {
	assert.deepEqual(limitsOf(), {});
	const given = ['--max-macs', '64', '--max-connections', '500', '--max-questions', '0', '--max-processes', '9'];
	assert.deepEqual(limitsOf(...given), { learnedAddresses: 64, connections: 500, questions: 0, processes: 9 });
	for (const value of ['many', '-1', '1.5', '1e3', '', '4294967296'])
		assert.throws(() => limitsOf(`--max-macs=${value}`), { code: 'CONFIG_INVALID', hint: /a whole number/ }, value);
});

test('a time limit is a number of seconds', () => {
	const timeoutOf = (...argv: readonly string[]) => readArguments(argv).config.downloadTimeout;
	assert.equal(timeoutOf(), undefined);
	assert.equal(timeoutOf('--download-timeout', '90'), 90_000);
	for (const value of ['0', '-1', '1.5', 'x', '9999999999'])
		assert.throws(() => timeoutOf(`--download-timeout=${value}`), { why: 'it is not a number of seconds' }, value);
});

test('options that are not understood are refused in words of kleened', () => {
	for (const [argv, why] of [
		[['--max-macs', '-1'], 'the value of --max-macs is missing or begins with "-" (write --max-macs=VALUE)'],
		[['--root'], 'the value of --root is missing or begins with "-" (write --root=VALUE)'],
		[['--nonsense'], 'there is no option --nonsense'],
		[['start'], 'kleened takes options, and as the first word recover, restore or setup-pf'],
	] as const)
		assert.throws(() => readArguments(argv), { code: 'CONFIG_INVALID', why });
});
