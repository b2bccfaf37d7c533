import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import { quote } from '#os/shell/quote.ts';
import { withOwnOptions } from './own-options.ts';

const hint =
	'put it back ("kleened restore FILE") or use "kleened recover"; anew: "kleened --new-store". See "klee lsc".';

test('the commands of a hint get the options of this daemon, quoted where a shell needs it', () => {
	const error = new KleeneError({ code: 'STORE_UNUSABLE', what: 'w', why: 'y', hint });
	const completed = withOwnOptions(error, ['--root', '/a b', '--netns=lab', '--new-store'], quote);
	assert.ok(isKleeneError(completed));
	const options = "--root '/a b' --netns=lab";
	assert.equal(
		completed.hint,
		`put it back ("kleened restore FILE ${options}") or use "kleened recover ${options}"; anew: "kleened --new-store ${options}". See "klee lsc".`,
	);
	assert.deepEqual([completed.code, completed.what, completed.why], ['STORE_UNUSABLE', 'w', 'y']);
});
