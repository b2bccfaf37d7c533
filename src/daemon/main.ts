/** kleened: the composition root. It wires host, store, engine and listeners, and takes them down in reverse. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Logger as PinoLogger } from 'pino';
import { Engine } from '#engine/engine.ts';
import { NameDirectory } from '#engine/name-directory.ts';
import { refuseExhausted } from '#errors/exhaustion.ts';
import { isKleeneError, KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { HostDriver } from '#host/driver.ts';
import { openPf } from '#host/pf.ts';
import { openHost } from '#host/select.ts';
import { descriptorLimit } from '#os/descriptors.ts';
import { tryLock } from '#os/file-lock.ts';
import { giveBackMemory } from '#os/linux/accounting/resident-memory.ts';
import { quote } from '#os/shell/quote.ts';
import { requireDatabase } from '#store/presence.ts';
import { DATABASE, Store } from '#store/store.ts';
import { buildApp } from './app.ts';
import { type DaemonConfig, readArguments, USAGE } from './configuration/config.ts';
import { parseFreebsdOptions } from './configuration/freebsd-options.ts';
import { withOwnOptions } from './configuration/own-options.ts';
import { noteContent, requireOutermost } from './configuration/root-content.ts';
import { readSetupPfArguments, SETUP_PF_USAGE, setUpPf } from './configuration/setup-pf.ts';
import { Listeners } from './listeners/listeners.ts';
import { openLog } from './log.ts';
import { whenIdle } from './process/idle.ts';
import { handleSignals, logWarnings, takeSignals } from './process/signals.ts';
import { confirmation, hasTerminal } from './process/terminal.ts';
import { readRecoveryOrder, recoverRoot } from './recover.ts';
import { lockRoot } from './root-lock.ts';
import { Streams } from './streams/upgrade.ts';
import { VERSION } from './version.ts';

/** `kleened setup-pf`: no daemon, but a look at the pf of the host that one is to manage. */
async function setUpPfOfHost(words: readonly string[]): Promise<void> {
	const { write, help, ...access } = readSetupPfArguments(words);
	if (help) {
		process.stdout.write(SETUP_PF_USAGE);
		return;
	}
	const place = parseFreebsdOptions({ ...access, zfsRoot: undefined, local: process.platform === 'freebsd' });
	if (!place)
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: 'cannot set up pf',
			why: 'this host is not FreeBSD, and its firewall needs no setting up',
			hint: 'name a FreeBSD host with --freebsd-host ssh://root@HOST',
		});
	const folder = mkdtempSync(join(tmpdir(), 'kleened-'));
	const log = { warn() {}, info() {} };
	try {
		const pf = await openPf(place, folder, log);
		const confirm = confirmation();
		const print = (text: string) => void process.stdout.write(text);
		const setup = { look: pf.look, write: pf.write, print, ...(confirm ? { confirm } : {}) };
		process.exitCode = await setUpPf(write, setup).finally(() => pf.close());
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

async function main(): Promise<void> {
	// Settings of bin/kleened for this process, not for those that it starts.
	for (const name of ['MALLOC_ARENA_MAX', 'MALLOC_TRIM_THRESHOLD_']) delete process.env[name];
	const ignored = takeSignals();
	const [, , command, ...words] = process.argv;
	if (command === 'setup-pf') return setUpPfOfHost(words);
	const order = readRecoveryOrder(command, words);
	const { config, show } = readArguments(order?.options ?? process.argv.slice(2));
	if (show) {
		process.stdout.write(show === 'help' ? USAGE : `kleened ${VERSION}\n`);
		return;
	}
	if (config.freebsd?.remote === undefined && process.getuid?.() !== 0)
		throw new KleeneError({
			code: 'NOT_ROOT',
			what: 'cannot start kleened',
			why: 'it makes network interfaces, mounts and namespaces, which needs root',
			hint: 'run it with sudo, or as a service (packaging/kleened.service)',
		});
	const log = openLog(config.logLevel);
	if (order) return recoverRoot(config, order, log);
	logWarnings(log);
	await serve(config, log, { options: process.argv.slice(2), ignored });
}

interface Start {
	/** Of the command line. */
	readonly options: readonly string[];
	/** Signals that the parent had ignored. */
	readonly ignored: ReadonlySet<string>;
}

async function serve(config: DaemonConfig, log: PinoLogger, { options, ignored }: Start): Promise<void> {
	requireOutermost(config.root, DATABASE);
	const undo = noteContent(config.root, DATABASE);
	const unlock = lockRoot(config.root, tryLock);
	const listeners = new Listeners(log);
	reloadAtHangup(listeners, ignored.has('SIGHUP'));
	const opened: (() => void | Promise<void>)[] = [unlock];
	let store: Store | undefined;
	try {
		if (!config.newStore) requireDatabase(config.root);
		store = Store.open(config.root, log);
		opened.push(() => store?.close());
		const host = await openHost({ ...config, store: store.identity, names: new NameDirectory(store), log });
		opened.push(() => host.close());
		announce(host, config, log);
		await run(config, log, { store, host, listeners, unlock, ignored });
	} catch (error) {
		const isUnused = store === undefined || isEmpty(store);
		for (const close of opened.reverse()) await close();
		if (isUnused) undo();
		throw withOwnOptions(refuseExhausted('cannot start kleened', error), options, quote);
	}
}

/** One listener may serve before another one fails. */
function isEmpty({ containers, images, networks, volumes }: Store): boolean {
	return [containers, images, networks, volumes].every((objects) => objects.list().length === 0);
}

interface Opened {
	readonly store: Store;
	readonly host: HostDriver;
	readonly listeners: Listeners;
	readonly unlock: () => void;
	readonly ignored: ReadonlySet<string>;
}

async function run(
	config: DaemonConfig,
	log: PinoLogger,
	{ store, host, listeners, unlock, ignored }: Opened,
): Promise<void> {
	const engine = new Engine(store, host, log, { allowHostHooks: config.allowHostHooks });
	await engine.start(config.newStore ? 'is given up' : 'is refused');
	store.keepRecords();
	const app = await buildApp(engine, log);
	const streams = new Streams(engine, log);
	for (const listener of config.listeners) await listeners.open(listener, app, streams, descriptorLimit());
	log.info({ listening: listeners.addresses }, 'ready');
	host.ready();
	whenIdle(giveBackMemory);

	let stopping = false;
	const stop = async (signal: string) => {
		if (stopping) return;
		stopping = true;
		log.info({ signal }, 'stopping; containers continue to run');
		await streams.close();
		listeners.close();
		await app.close();
		await host.close();
		store.close();
		unlock();
		process.exit(0);
	};
	handleSignals(ignored, (signal) => void stop(signal), log);
}

/**
 * Reads certificates again at SIGHUP. The hang-up of the terminal that the daemon was started in ends it.
 *
 * @param outlives it was started to outlive its terminal, as by nohup
 */
function reloadAtHangup(listeners: Listeners, outlives: boolean): void {
	const attended = !outlives && hasTerminal();
	process.on('SIGHUP', () => {
		if (!attended || hasTerminal())
			return listeners.reload(() => readArguments(process.argv.slice(2)).config.listeners);
		process.kill(process.pid, 'SIGTERM');
	});
}

/** Logs the features of this host once. */
function announce(host: HostDriver, config: DaemonConfig, log: PinoLogger): void {
	const { os, release, kernel, runtime, lacking } = host.facts();
	log.info({ root: config.root, netns: config.netns, os, release, kernel, runtime }, `kleened ${VERSION}`);
	for (const line of config.notes) log.warn(line);
	for (const line of lacking) log.warn(`this host: ${line}`);
}

/** A refusal to start in three lines; anything else is a defect and shows its stack. */
function fail(error: unknown): void {
	const text = isKleeneError(error)
		? `error: ${error.what}\n  why:  ${error.why}\n  hint: ${error.hint}\n`
		: `error: ${error instanceof Error ? error.stack : messageOf(error)}\n`;
	process.stderr.write(text);
	process.exitCode = 1;
}

main().catch((error: unknown) => {
	fail(refuseExhausted('cannot start kleened', error));
	process.exit();
});
