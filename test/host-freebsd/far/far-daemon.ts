/**
 * kleened for the simulated host: wired as src/daemon/main.ts does it, save that its shell finds the stand-in commands
 * first. Run as a process of its own so that it can be killed: far-daemon.ts --root DIR --host URL --bin DIR.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { buildApp } from '#daemon/app.ts';
import { listen } from '#daemon/listeners.ts';
import { Streams } from '#daemon/streams/upgrade.ts';
import { Engine } from '#engine/engine.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import { FreebsdHost } from '#host/freebsd/driver.ts';
import { HostLock } from '#host/freebsd/host-lock.ts';
import { Paths } from '#host/freebsd/paths.ts';
import { StateDirectory } from '#host/freebsd/sandbox/run-directory.ts';
import { LocalShell } from '#os/shell/local.ts';
import { Store } from '#store/store.ts';

const { values } = parseArgs({
	options: {
		root: { type: 'string', default: '' },
		host: { type: 'string', default: '' },
		bin: { type: 'string', default: '' },
		'zfs-root': { type: 'string', default: 'zroot/kleene' },
		/** In place of /var/run/kleene, which is this machine's. */
		run: { type: 'string', default: '' },
	},
});
const { root, host: url, bin, 'zfs-root': zfsRoot, run: runDirectory } = values;
const log = pino({ level: 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime });
const { batch } = new StateDirectory(new Paths(zfsRoot, undefined, undefined, runDirectory).state());
const precondition = new HostLock({ directory: runDirectory, root, log, beat: 200 });
const shell = new LocalShell({ batch, path: join(bin), precondition });
const store = Store.open(root);
const refuse = (error: unknown): never => {
	process.stderr.write(isKleeneError(error) ? `error: ${error.what}\n  why:  ${error.why}\n` : String(error));
	process.exit(1);
};
const host = await FreebsdHost.open({ shell, zfsRoot, store: store.identity, runDirectory, log }).catch(refuse);
log.info(host.facts(), 'far host');
const engine = new Engine(store, host, log);
await engine.start();
const server = await listen({ address: url }, await buildApp(engine, log), new Streams(engine, log));
log.info({}, 'ready');
process.on('SIGTERM', async () => {
	server.close();
	server.closeAllConnections();
	await host.close();
	store.close();
	process.exit(0);
});
