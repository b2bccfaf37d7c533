/** What counts as a container that runs. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Fixture } from './fixture.ts';

const fixture = new Fixture();
after(() => fixture.close());

test('a sandbox runs from when its first process was started, not from when it was made', async () => {
	const part = fixture.part(fixture.container(), { argv: ['sleep', '1000'] });
	const observed = () => fixture.sandboxes.observe().find(({ container }) => container === part.container);
	await fixture.sandboxes.make(part);
	assert.deepEqual(observed(), { container: part.container, running: false, pid: 0 });
	const process = await fixture.sandboxes.run({ kind: 'first', container: part.container, attach: false });
	assert.equal(observed()?.running, true);
	process.kill('SIGKILL');
	await process.ended;
	assert.equal(observed()?.running, false);
	await fixture.sandboxes.unmake(part);
	assert.equal(observed(), undefined);
});
