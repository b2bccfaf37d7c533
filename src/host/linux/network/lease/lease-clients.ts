import { accessSync, type FSWatcher, mkdirSync, readFileSync, rmdirSync, rmSync, watch, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ApplyOptions, LeaseChanged } from '#host/driver.ts';
import type { ObservedDifference } from '#model/host/observed.ts';
import type { Part } from '#model/part.ts';
import type { LeaseClientPart } from '#model/parts/inside.ts';
import { hasCode } from '#os/errno.ts';
import { CommandError, run } from '#os/exec.ts';
import type { PartHandler } from '../../handler.ts';
import { refuse } from '../../refusals.ts';
import type { Stacks } from '../../sandbox/stacks.ts';
import { endProcesses, processesWith } from './client-processes.ts';
import { CLIENT_SCRIPT } from './client-script.ts';

const CLIENT = '/sbin/udhcpc';
/** Questions for a server, and the seconds between them. */
const QUESTIONS = 5;
const INTERVAL = 1;
/** Milliseconds for all of it, with the check of what is offered. */
const PATIENCE = 20_000;
/** Packets, addresses and routes of one interface; port 68. Files are written as root without any privilege over files. */
const PRIVILEGES = '-all,+net_admin,+net_raw,+net_bind_service';

interface Files {
	readonly directory: string;
	readonly script: string;
	readonly lease: string;
	/** Names the client among all processes of the host. */
	readonly pid: string;
}

/**
 * DHCP clients in the stacks of containers: processes of the host that outlive the daemon. They have no environment but
 * what the script needs, and of the privileges of root those over networks alone.
 */
export class LeaseClients implements PartHandler<'lease-client'> {
	readonly #stacks: Stacks;
	readonly #directoryOf: (container: string) => string;
	/** By the path of the lease. */
	readonly #watchers = new Map<string, FSWatcher>();
	#tell: (event: LeaseChanged) => void = () => {};

	/** @param directoryOf directory of a container for what belongs to its leases */
	constructor(stacks: Stacks, directoryOf: (container: string) => string) {
		this.#stacks = stacks;
		this.#directoryOf = directoryOf;
	}

	/** The present lease is told of when a client is made or found. */
	watch(listener: (event: LeaseChanged) => void): void {
		this.#tell = listener;
	}

	async make(part: LeaseClientPart, { signal }: ApplyOptions): Promise<void> {
		const files = this.#filesOf(part);
		if (processesWith(files.pid).length === 0) await this.#start(part, files, signal);
		this.#follow(part, files);
	}

	async unmake(part: LeaseClientPart): Promise<void> {
		const files = this.#filesOf(part);
		this.#watchers.get(files.lease)?.close();
		this.#watchers.delete(files.lease);
		await endProcesses(files.pid);
		for (const file of [files.pid, files.lease, files.script]) rmSync(file, { force: true });
		try {
			rmdirSync(files.directory);
		} catch (error) {
			if (!hasCode(error, 'ENOENT', 'ENOTEMPTY')) throw error;
		}
	}

	describe(verb: 'make' | 'unmake', part: LeaseClientPart): string[] {
		const { pid } = this.#filesOf(part);
		if (verb === 'unmake') return [`kill $(cat ${pid})`];
		return [`ip netns exec ${part.container} ${clientOf(part, this.#filesOf(part)).join(' ')}`];
	}

	/** Clients that run no more. */
	compare(expected: readonly Part[]): ObservedDifference[] {
		const clients = expected.filter((part) => part.kind === 'lease-client');
		const gone = clients.filter((part) => processesWith(this.#filesOf(part).pid).length === 0);
		return gone.map((part) => ({ part, what: `the DHCP client on ${part.interface} is not running` }));
	}

	close(): void {
		for (const watcher of this.#watchers.values()) watcher.close();
		this.#watchers.clear();
	}

	/** Leaves nothing when no server answers. */
	async #start(part: LeaseClientPart, files: Files, signal: AbortSignal | undefined): Promise<void> {
		const stack = this.#stacks.of(part.container);
		if (!stack) throw new Error(`container ${part.container} has no network stack`);
		requireClient(part);
		mkdirSync(files.directory, { recursive: true, mode: 0o700 });
		writeFileSync(files.script, CLIENT_SCRIPT, { mode: 0o700 });
		const environment = [
			`PATH=/usr/sbin:/usr/bin:/sbin:/bin`,
			`LEASE=${files.lease}`,
			`ROUTE=${part.route ? 'yes' : 'no'}`,
		];
		const confined = ['setpriv', '--no-new-privs', '--inh-caps=-all', `--bounding-set=${PRIVILEGES}`, '--'];
		const argv = ['nsenter', `--net=${stack.path}`, '--', 'env', '-i', ...environment, ...confined];
		try {
			await run([...argv, ...clientOf(part, files)], { timeout: PATIENCE, cwd: '/', signal });
		} catch (error) {
			await this.unmake(part);
			if (error instanceof CommandError && error.code === 1) throw noServer(part, error);
			throw error;
		}
	}

	#follow(part: LeaseClientPart, { directory, lease }: Files): void {
		const { container, endpoint } = part;
		const report = () => this.#tell({ kind: 'lease-changed', container, endpoint, address: addressIn(lease) });
		if (!this.#watchers.has(lease)) {
			const watcher = watch(directory, { persistent: false }, (_, name) => {
				if (name === basename(lease)) report();
			});
			watcher.on('error', () => watcher.close());
			this.#watchers.set(lease, watcher);
		}
		report();
	}

	#filesOf({ container, interface: name }: LeaseClientPart): Files {
		const directory = this.#directoryOf(container);
		const own = (suffix: string) => join(directory, `${name}.${suffix}`);
		return { directory, script: own('script'), lease: own('lease'), pid: own('pid') };
	}
}

/** It goes into the background with its first lease, gives that back at its end, and asks whether somebody else has it. */
function clientOf({ interface: name }: LeaseClientPart, { script, pid }: Files): string[] {
	const bounds = ['-n', '-t', `${QUESTIONS}`, '-T', `${INTERVAL}`];
	return [CLIENT, '-i', name, '-s', script, '-p', pid, '-R', '-a', ...bounds];
}

function addressIn(lease: string): string {
	try {
		return readFileSync(lease, 'utf8').trim();
	} catch (error) {
		if (hasCode(error, 'ENOENT')) return '';
		throw error;
	}
}

function requireClient(part: LeaseClientPart): void {
	try {
		accessSync(CLIENT);
	} catch (cause) {
		const hint = 'install it with "apt-get install udhcpc", or leave out --ip dhcp';
		throw refuse('make', part, { code: 'UNSUPPORTED_HERE', why: `the host has no ${CLIENT}`, hint, cause });
	}
}

function noServer(part: LeaseClientPart, cause: CommandError) {
	return refuse('make', part, {
		code: 'NO_LEASE',
		why: `no DHCP server gave it an address within ${QUESTIONS * INTERVAL + 1} seconds`,
		hint: 'check the server and the parent interface of the network, or choose an address with --ip',
		cause,
	});
}
