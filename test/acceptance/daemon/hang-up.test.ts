/** A kleened that was started in a terminal ends with it, as one that a user forgot would stay for ever. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { eventually } from '#test/testbed/eventually.ts';
import { KLEENED, TestHost } from '#test/testbed/test-host.ts';

test('the end of its terminal ends the daemon, which removes its socket', async () => {
	const folder = mkdtempSync(join(tmpdir(), 'hup-'));
	const marker = join(folder, 'terminal');
	writeFileSync(marker, '');
	const inTerminal = 'exec script --quiet --return --command "$daemon $*" /dev/null';
	const choose = `daemon=$1; shift; if [ -e "$0" ]; then ${inTerminal}; else exec "$daemon" "$@"; fi`;
	const host = await TestHost.start({ program: ['sh', '-c', choose, marker, KLEENED] });
	try {
		rmSync(marker);
		// This one is script(1), which holds the other end of the terminal.
		await host.stopDaemon('SIGKILL');
		await eventually('the socket is removed', () => !existsSync(host.socket));
		await eventually('the daemon ended', async () => (await host.leftovers()).length === 0);
	} finally {
		await host.close();
		rmSync(folder, { recursive: true });
	}
});
