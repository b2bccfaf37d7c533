import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '#os/exec.ts';

const WITHOUT_DESCRIPTORS = `
	import { closeSync, openSync } from 'node:fs';
	import { LocalShell } from '#os/shell/local.ts';
	import { sh } from '#os/shell/quote.ts';
	const shell = new LocalShell();
	const held = [];
	try { for (;;) held.push(openSync('/dev/null')); } catch {}
	const code = await shell.open(sh\`true\`).then(() => 'opened', (error) => error.code);
	for (const fd of held) closeSync(fd);
	const session = await shell.open(sh\`exit 3\`);
	console.log(code, await session.exited);
	session.close();
	await shell.close();
`;

test('without file descriptors the shell of the host is refused by name, and works again with some', async () => {
	const argv = ['sh', '-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, '--input-type=module-typescript', '-e'];
	const { stdout } = await run([...argv, WITHOUT_DESCRIPTORS], { cwd: import.meta.dirname });
	assert.equal(stdout, 'HOST_EXHAUSTED 3\n');
});
