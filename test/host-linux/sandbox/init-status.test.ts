import assert from 'node:assert/strict';
import { constants } from 'node:buffer';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readStatus } from '#host/linux/sandbox/init-status.ts';
import { Fixture } from './fixture.ts';

const directory = mkdtempSync(join(tmpdir(), 'kleene-status-'));
const fixture = new Fixture();
after(async () => {
	rmSync(directory, { recursive: true });
	await fixture.close();
});

test('what the init of a container writes', () => {
	const file = join(directory, 'status');
	const cases: [string, number | undefined, number | undefined][] = [
		['', undefined, undefined],
		['7\n', 7, undefined],
		['7\n143\n', 7, 143],
		['7\n14', 7, undefined],
		['-7\nx\n', undefined, undefined],
	];
	for (const [text, command, code] of cases) {
		writeFileSync(file, text);
		assert.deepEqual(readStatus(file), { command, code }, JSON.stringify(text));
	}
	assert.deepEqual(readStatus(join(directory, 'missing')), { command: undefined, code: undefined });
});

test('no more of its file is read than that, however long a container makes it', async () => {
	const file = join(directory, 'long');
	writeFileSync(file, '7\n143\n');
	truncateSync(file, constants.MAX_STRING_LENGTH + 1);
	assert.deepEqual(readStatus(file), { command: 7, code: 143 });
	// From inside it can be made so, and the end of the command is told all the same.
	const script = `dd if=/dev/zero of=/dev/.kleene/status bs=1 count=1 seek=${constants.MAX_STRING_LENGTH}; exit 3`;
	const part = fixture.part(fixture.container(), { argv: ['sh', '-c', script] });
	assert.equal((await fixture.first(part)).end.code, 3);
	await fixture.sandboxes.unmake(part);
});
