/**
 * A whole engine on the far side made of scripts, behind a real sshd whose connections are cut while a container starts: the
 * start fails as HOST_UNREACHABLE, the connection comes back by itself, and what had been done is undone.
 */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Engine } from '#engine/engine.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import { FreebsdHost } from '#host/freebsd/driver.ts';
import { HostLock } from '#host/freebsd/host-lock.ts';
import { Paths } from '#host/freebsd/paths.ts';
import { StateDirectory } from '#host/freebsd/sandbox/run-directory.ts';
import { SshShell } from '#os/shell/ssh.ts';
import { Store } from '#store/store.ts';
import { connect, createContainer, EXECUTE, SILENT, start } from '#test/engine/fixture.ts';
import { TESTNET_CONFIG } from '#test/engine/testnet.ts';
import { lastFirst, TestSshd, withoutSshd } from '#test/os/shell/sshd.ts';
import { outputOf } from '#test/testbed/command.ts';
import { eventually } from '#test/testbed/eventually.ts';
import { FarHost } from './far-host.ts';

const skip = withoutSshd;

test('a start that loses the connection is undone when it is back', { skip, timeout: 180_000 }, async (context) => {
	const t = lastFirst(context);
	const far = await FarHost.start();
	t.after(() => far.close());
	const sshd = await TestSshd.start(t);
	const zfsRoot = `zroot/lost${process.pid}`;
	const { runDirectory } = far;
	const { batch } = new StateDirectory(new Paths(zfsRoot, undefined, undefined, runDirectory).state());
	const precondition = new HostLock({ directory: runDirectory, root: '/nowhere', log: SILENT });
	const shell = await SshShell.connect(sshd.access(), SILENT, { batch, path: far.bin, precondition });
	const store = Store.inMemory();
	const root = join(far.folder, 'root');
	const driver = await FreebsdHost.open({ shell, zfsRoot, store: store.identity, root, runDirectory, log: SILENT });
	t.after(() => driver.close());
	const engine = new Engine(store, driver, SILENT);
	await engine.start();
	const base = join(far.folder, 'base');
	mkdirSync(join(base, 'etc'), { recursive: true });
	await outputOf(['tar', '-cf', `${base}.tar`, '-C', base, '.']);
	const source = { kind: 'archive', url: `file://${base}.tar` } as const;
	const rest = { autotag: false, dns: false, localtime: false, update: false };
	await engine.images.create({ source, tag: 'Base', ...rest }, () => {});
	const fixture = { engine, store } as unknown as Parameters<typeof createContainer>[0];
	await engine.networks.create({ ...TESTNET_CONFIG, nat: '', dns: false }, EXECUTE);
	const id = await createContainer(fixture, 'web');
	await connect(fixture, 'web', 'testnet');
	const before = [...far.world.host.interfaces.keys()];

	const starting = start(fixture, 'web').catch((error: unknown) => error);
	// Soon after, the start is done and nothing of it can be lost.
	await eventually('the jail is there', () => far.world.jails.has(id), { every: 5 });
	sshd.cut();
	const outcome = await starting;
	assert.ok(isKleeneError(outcome) && outcome.code === 'HOST_UNREACHABLE', String(outcome));
	await eventually('the jail is gone', () => !far.world.jails.has(id));
	await eventually('its cable is gone', () => far.world.host.interfaces.size === before.length);
	assert.deepEqual([...far.world.host.interfaces.keys()], before, 'the network stays');
	await eventually('the journal is empty', () => store.journal.unfinished().length === 0);
	assert.equal(engine.containers.inspect('web').running, false);

	const session = await start(fixture, 'web');
	assert.deepEqual(await session.ended, { code: 0, containerEnded: true });
});
