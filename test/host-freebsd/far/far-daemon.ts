/**
 * kleened for tests on a FreeBSD host: wired as src/daemon/main.ts does it, save that its shell may find stand-in commands
 * first, and may be probed. Run as a process of its own so that it can be killed: far-daemon.ts --root DIR --host URL.
 */
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { buildApp } from '#daemon/app.ts';
import { Admission } from '#daemon/listeners/admission.ts';
import { listen } from '#daemon/listeners/listen.ts';
import { Streams } from '#daemon/streams/upgrade.ts';
import { Engine } from '#engine/engine.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import { FreebsdHost } from '#host/freebsd/driver.ts';
import { HostLock } from '#host/freebsd/host-lock.ts';
import { Paths, RUN_DIRECTORY } from '#host/freebsd/paths.ts';
import { StateDirectory } from '#host/freebsd/sandbox/run-directory.ts';
import { descriptorLimit } from '#os/descriptors.ts';
import { LocalShell } from '#os/shell/local.ts';
import { SshShell } from '#os/shell/ssh.ts';
import { Store } from '#store/store.ts';
import { ProbedShell } from '#test/testbed/freebsd/probed-shell.ts';

const { values } = parseArgs({
	options: {
		root: { type: 'string', default: '' },
		host: { type: 'string', default: '' },
		bin: { type: 'string', default: '' },
		'zfs-root': { type: 'string', default: 'zroot/kleene' },
		/** In place of /var/run/kleene, which is this machine's. */
		run: { type: 'string', default: RUN_DIRECTORY },
		/** How the host is reached by ssh, an `SshAccess` as JSON; else it is this machine. */
		ssh: { type: 'string', default: '' },
		/** Folder of a probe (testbed/freebsd/probe.ts). */
		probe: { type: 'string', default: '' },
	},
});
const { root, host: url, bin, 'zfs-root': zfsRoot, run: runDirectory } = values;
const log = pino({ level: 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime });
const { batch } = new StateDirectory(new Paths(zfsRoot, undefined, undefined, runDirectory).state());
const precondition = new HostLock({ directory: runDirectory, root, log, beat: 200 });
const options = { batch, ...(bin === '' ? {} : { path: bin }), precondition };
const way = values.ssh === '' ? new LocalShell(options) : await SshShell.connect(JSON.parse(values.ssh), log, options);
const shell = values.probe === '' ? way : new ProbedShell(way, values.probe);
const store = Store.open(root);
const refuse = (error: unknown): never => {
	process.stderr.write(isKleeneError(error) ? `error: ${error.what}\n  why:  ${error.why}\n` : String(error));
	process.exit(1);
};
const host = await FreebsdHost.open({ shell, zfsRoot, store: store.identity, root, runDirectory, log }).catch(refuse);
log.info(host.facts(), 'far host');
const engine = new Engine(store, host, log);
await engine.start();
const server = await listen(
	{ address: url },
	{ app: await buildApp(engine, log), streams: new Streams(engine, log), admission: new Admission(descriptorLimit()) },
);
log.info({}, 'ready');
process.on('SIGTERM', async () => {
	server.close();
	server.closeAllConnections();
	await host.close();
	store.close();
	process.exit(0);
});
