/**
 * conmon(8): one small process per container, and per additional process in it, that holds its input and output,
 * waits for it and survives us. What it has to say comes over a pipe, one JSON object a line.
 */
import { readFileSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import type { Launched } from '#os/exec.ts';
import { hasCode } from '../../errno.ts';
import { launch } from '../launch.ts';
import { childrenOf, identify, signalProcess } from '../process.ts';
import { OciTimeout, ociError } from './failure.ts';
import type { SealedCopy } from './sealed-copy.ts';

export interface OciTools {
	/** Absolute paths of the programs. */
	readonly conmon: string;
	readonly runtime: string;
	/** Started instead of `runtime`. */
	readonly copy?: SealedCopy;
	/** State directory of the runtime. */
	readonly state: string;
	/** Milliseconds that the runtime may take to start a process. Default 60000. */
	readonly patience?: number;
}

/** A slow disk or a machine that swaps is no reason to give up. */
const PATIENCE = 60_000;

export interface MonitorRequest {
	readonly container: string;
	/** Directory of conmon's sockets and pipes; for a container, the OCI bundle. */
	readonly directory: string;
	readonly tty: boolean;
	readonly stdin: boolean;
}

export interface CreateRequest extends MonitorRequest {
	/** Directory for the exit file, which is named after the container. */
	readonly exits: string;
	/** Output of the container goes there, see `log-records.ts`. Absent: it is dropped. */
	readonly log?: LogFile;
}

/** conmon appends to this file, and starts an empty one in its place when it would exceed `limit`. */
export interface LogFile {
	readonly path: string;
	/** Bytes. */
	readonly limit: number;
}

export interface ExecRequest extends MonitorRequest {
	readonly execution: string;
	/** File with an OCI process object. */
	readonly spec: string;
	/** Called before the process is started, once `directory`/attach takes connections. */
	readonly onAttachable?: () => void;
	/** Seconds after which conmon kills the process group of the process. */
	readonly timeout?: number;
}

/** An additional process. */
export interface Execution {
	readonly pid: number;
	/** Undefined when conmon was killed and so nobody knows. */
	readonly code: Promise<number | undefined>;
}

/** `runtime create` below a conmon of its own. Resolves with the host's pid of the container's first process. */
export async function createContainer(tools: OciTools, request: CreateRequest): Promise<number> {
	const argv = [...monitorArgv(tools, request), ...logArgv(request.log), '--exit-dir', request.exits];
	// A terminal can be attached to again; other input ends with who sends it.
	if (request.tty && request.stdin) argv.push('--leave-stdin-open');
	const monitor = await launch(argv, {
		pipes: 1,
		env: { _OCI_SYNCPIPE: '3' },
	});
	const reports = new Reports(monitor);
	const pid = await inTime(tools, request, () => reports.started());
	reports.close();
	return pid;
}

/** Runs a process in a running container. Resolves when it was started. */
export async function execInContainer(tools: OciTools, request: ExecRequest): Promise<Execution> {
	const argv = monitorArgv(tools, request, request.execution);
	argv.push(...logArgv(undefined), '--exec', '--exec-process-spec', request.spec);
	const { onAttachable, timeout } = request;
	if (timeout !== undefined) argv.push('--timeout', `${timeout}`);
	const { pid, reports } = await inTime(tools, request, async () => {
		const reports = await (onAttachable === undefined ? plainExec(argv) : attachedExec(argv, onAttachable));
		return { pid: await reports.started(), reports };
	});
	return { pid, code: reports.next().then((report) => report?.data) };
}

/** Ends conmon, and what it started, when the runtime is not done in time: who waits may hold the lock of a container. */
async function inTime<T>(tools: OciTools, { directory }: MonitorRequest, start: () => Promise<T>): Promise<T> {
	const patience = tools.patience ?? PATIENCE;
	const late = Promise.withResolvers<never>();
	const timer = setTimeout(() => {
		killMonitor(directory);
		// Not when its pipe ends: what cannot be killed may hold it.
		late.reject(new OciTimeout(tools.runtime, patience));
	}, patience);
	const started = start();
	started.catch(() => {});
	return await Promise.race([started, late.promise]).finally(() => clearTimeout(timer));
}

/** conmon goes on in a process of its own, whose number it writes before it starts the runtime. */
function killMonitor(directory: string): void {
	for (const pid of withDescendants(readPid(`${directory}/conmon.pid`))) {
		const process = identify(pid);
		if (process !== undefined) signalProcess(process, 'SIGKILL');
	}
}

/** @returns 0 where there is none */
function readPid(file: string): number {
	try {
		return Number.parseInt(readFileSync(file, 'utf8'), 10) || 0;
	} catch {
		return 0;
	}
}

function withDescendants(pid: number): number[] {
	return [pid, ...childrenOf(pid).flatMap(withDescendants)];
}

async function plainExec(argv: readonly string[]): Promise<Reports> {
	return new Reports(await launch(argv, { pipes: 1, env: { _OCI_SYNCPIPE: '3' } }));
}

/** conmon waits twice for a byte: before it does anything, and after it opened its socket. */
async function attachedExec(argv: readonly string[], onAttachable: () => void): Promise<Reports> {
	const env = { _OCI_SYNCPIPE: '3', _OCI_STARTPIPE: '4', _OCI_ATTACHPIPE: '5' };
	const monitor = await launch([...argv, '--exec-attach'], { pipes: 3, env });
	const [sync, go, attach] = monitor.pipes as [Duplex, Duplex, Duplex];
	const attachable = new Reports(monitor, attach);
	const reports = new Reports(monitor, sync);
	try {
		go.write('0');
		await attachable.started();
		await attachTo(reports, onAttachable);
		go.write('0');
		return reports;
	} catch (error) {
		reports.close();
		throw error;
	} finally {
		attachable.close();
		go.end(() => go.destroy());
	}
}

/** A socket that nobody serves any more is that of a conmon that failed meanwhile, and tells why. */
async function attachTo(reports: Reports, attach: () => void): Promise<void> {
	try {
		attach();
	} catch (error) {
		if (hasCode(error, 'ECONNREFUSED', 'ENOENT')) await reports.started();
		throw error;
	}
}

function monitorArgv(tools: OciTools, request: MonitorRequest, unit = request.container): string[] {
	const { container, directory } = request;
	const argv = [tools.conmon, '--api-version', '1', '--cid', container, '--cuuid', unit, '--name', container];
	argv.push('--runtime', tools.copy?.path() ?? tools.runtime, '--runtime-arg', '--root', '--runtime-arg', tools.state);
	argv.push(
		'--bundle',
		directory,
		'--container-pidfile',
		`${directory}/pid`,
		'--conmon-pidfile',
		`${directory}/conmon.pid`,
	);
	argv.push('--full-attach', '--log-level', 'error');
	if (request.tty) argv.push('--terminal');
	if (request.stdin) argv.push('--stdin');
	return argv;
}

/** No sync at the end: the end of a container waits for no disk. */
function logArgv(log: LogFile | undefined): string[] {
	if (log === undefined) return ['--log-path', 'none:', '--no-sync-log'];
	return ['--log-path', `k8s-file:${log.path}`, '--log-size-max', `${log.limit}`, '--no-sync-log'];
}

interface Report {
	/** A pid, an exit code, or -1 with a message. */
	readonly data: number;
	readonly message?: string;
}

/** The lines of a pipe from conmon. */
class Reports {
	readonly #monitor: Launched;
	readonly #pipe: Duplex;
	readonly #lines: AsyncIterator<string>;

	constructor(monitor: Launched, pipe: Duplex = monitor.pipes[0]!) {
		this.#monitor = monitor;
		this.#pipe = pipe;
		this.#lines = linesOf(pipe);
	}

	/** The first number; throws OciError when conmon reports a failure or nothing. */
	async started(): Promise<number> {
		const report = await this.next();
		if (report !== undefined && report.data >= 0) return report.data;
		this.close();
		const code = await this.#monitor.exited;
		throw ociError(report?.message ?? this.#monitor.stderr(), code);
	}

	async next(): Promise<Report | undefined> {
		const line = await this.#lines.next();
		return line.done ? undefined : (JSON.parse(line.value) as Report);
	}

	close(): void {
		this.#pipe.destroy();
	}
}

async function* linesOf(pipe: Duplex): AsyncGenerator<string, void, void> {
	let rest = '';
	pipe.setEncoding('utf8');
	for await (const chunk of pipe) {
		const lines = (rest + chunk).split('\n');
		rest = lines.pop()!;
		yield* lines.filter((line) => line !== '');
	}
	if (rest !== '') yield rest;
}
