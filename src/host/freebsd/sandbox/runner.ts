import { randomBytes } from 'node:crypto';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HostProcess, ProcessEnd, RunRequest } from '#host/driver.ts';
import type { Confinement } from '#model/container/options.ts';
import type { ProcessSpec, SandboxSpec } from '#model/sandbox.ts';
import { lines, sh } from '#os/shell/quote.ts';
import type { Section, Shell, ShellLog } from '#os/shell/shell.ts';
import { unreachable } from '../batch.ts';
import { parseRefusal } from '../refusals.ts';
import { ulimitCommands } from './confinement.ts';
import { Exits } from './exits.ts';
import { attachScript, detachedScript } from './launch.ts';
import { clearLeftovers } from './leftovers.ts';
import { SessionStreams } from './output.ts';
import { JailProcess } from './processes.ts';
import { removeRuns, type StateDirectory } from './run-directory.ts';
import { directoryOf, type Launch } from './start-file.ts';
import { FirstSessions } from './streams/first-sessions.ts';
import { lostAttachment } from './streams/reattachment.ts';
import { releaseScript } from './streams/relays.ts';

/** Milliseconds for a process to be started, on a slow host behind a slow line. */
const START = 60_000;
/** For the end of a container to be told after that of its last process. */
const END_OF_SANDBOX = 1000;

/** Directories of executions that are over, before they are removed. */
const MUCH = 20;

/** Properties of a sandbox that processes in it depend on. */
export interface RunnerSpec {
	readonly process: ProcessSpec;
	readonly hooks?: { readonly start: readonly string[]; readonly user: string };
	readonly confinement?: Confinement;
	readonly inheritsEnv?: boolean;
	readonly hostUsers?: boolean;
	readonly logRoom?: number;
}

export interface RunnerOptions {
	readonly shell: Shell;
	readonly state: StateDirectory;
	/** Directory of the log of a container. */
	readonly logOf: (container: string) => string;
	readonly log: ShellLog;
}

/** Starts processes in jails that were made, and tells how they and the containers end. */
export class Runner {
	readonly #shell: Shell;
	readonly #state: StateDirectory;
	readonly #logOf: RunnerOptions['logOf'];
	readonly #log: ShellLog;
	readonly #exits: Exits;
	/** With the directory of the run on the host. */
	readonly #attachments = new Map<SessionStreams, string>();
	readonly #firsts: FirstSessions;
	/** Directories of executions that are over. */
	readonly #rubbish: string[] = [];

	constructor({ shell, state, logOf, log }: RunnerOptions) {
		this.#shell = shell;
		this.#state = state;
		this.#logOf = logOf;
		this.#log = log;
		this.#exits = new Exits(shell, state, log);
		this.#firsts = new FirstSessions(shell, state, (streams, directory) => this.#keep(streams, directory));
	}

	/**
	 * Once, before anything else: ends are noticed from now on, also those of containers that a daemon before this one
	 * started. What is left of executions that nobody waits for any more is removed. Throws HOST_FAILED,
	 * HOST_UNREACHABLE.
	 */
	async open(): Promise<void> {
		const { path, events } = this.#state;
		const script = lines(
			sh`mkdir -p ${path}/ends`,
			// What it tells of is found in the directories of the runs.
			sh`: >${events}`,
		);
		const [result] = await this.#exchange([{ name: 'executions that are over', script }]);
		if (result!.code !== 0) throw refusedState(path, result!.stderr);
		await this.#exits.follow();
		await this.#exchange([{ name: 'leftovers', script: clearLeftovers(this.#state) }]);
	}

	/**
	 * The jail is there. Throws CONTAINER_NOT_RUNNING where it is not, HOST_UNREACHABLE, HOST_FAILED.
	 *
	 * @param spec of the sandbox: needed for a first process; an additional one is run as the first one was
	 */
	async run(request: RunRequest, spec?: RunnerSpec | SandboxSpec): Promise<HostProcess> {
		if (request.kind === 'reattach') return await this.#reattach(request);
		const launch = this.#launch(request, spec);
		if (launch.execution === undefined) this.#exits.began(launch.container, launch.token);
		const told = this.#exits.ended(launch.token);
		try {
			const streams = launch.attach ? await this.#attach(launch) : undefined;
			if (streams === undefined) await this.#start(launch);
			this.#exits.started(launch.token);
			return new JailProcess({
				shell: this.#shell,
				log: this.#log,
				container: launch.container,
				directory: directoryOf(launch),
				tty: launch.process.tty,
				timed: launch.timeout !== undefined,
				streams:
					streams && launch.execution === undefined
						? this.#firsts.add(launch.container, streams, launch.process.tty).share()
						: streams,
				ended: this.#ended(launch, told, streams),
			});
		} catch (error) {
			this.#exits.forget(launch.token);
			throw unreachable(error);
		}
	}

	/** Whether it was taken up by a client before or not. */
	async #reattach({ container, size }: Extract<RunRequest, { kind: 'reattach' }>): Promise<HostProcess> {
		const { shared, tty } = await this.#firsts.of(container);
		const ended = shared.session.ended.then((end) => {
			if (end === undefined) throw lostAttachment(container);
			return { code: end.code, sandboxEnded: end.last };
		});
		const [shell, log, directory] = [this.#shell, this.#log, this.#state.run(container)];
		const process = new JailProcess({
			shell,
			log,
			container,
			directory,
			tty,
			timed: false,
			streams: shared.share(),
			ended,
		});
		if (size) process.resize(size.rows, size.columns);
		return process;
	}

	/** Each end of a sandbox, once for each run. Those that ended before are told of at once. */
	watch(listener: (event: { readonly kind: 'sandbox-ended'; readonly container: string }) => void): void {
		this.#exits.listen((container) => listener({ kind: 'sandbox-ended', container }));
	}

	/** Processes go on. */
	async close(): Promise<void> {
		this.#exits.close();
		await this.#release([...this.#attachments.values()]);
		for (const streams of this.#attachments.keys()) streams.close();
		const over = this.#removal(this.#takeRubbish(1));
		if (over.length > 0) await this.#exchange(over).catch(() => {});
	}

	/** sshd reads on what nobody takes until its window is full, where a session but not the connection is closed. */
	async #release(directories: readonly string[]): Promise<void> {
		const section = { name: 'sessions that are over', script: releaseScript(directories) };
		// With a connection that is lost they are over anyway.
		if (directories.length > 0) await this.#exchange([section]).catch(() => {});
	}

	#launch(request: Exclude<RunRequest, { kind: 'reattach' }>, spec: RunnerSpec | undefined): Launch {
		const first = request.kind === 'first';
		const process = first ? spec?.process : request.process;
		if (process === undefined) throw new Error('a first process needs the spec of its sandbox');
		return {
			state: this.#state,
			log: this.#logOf(request.container),
			container: request.container,
			execution: first ? undefined : request.execution,
			token: randomBytes(16).toString('hex'),
			// That of a first process is for who attaches later.
			process: { ...process, stdin: process.stdin && (first || request.attach) },
			attach: request.attach,
			size: request.size,
			before: (first && spec?.hooks?.start) || [],
			beforeUser: spec?.hooks?.user ?? process.user,
			ulimits: ulimitCommands(spec?.confinement?.ulimits),
			inheritsEnv: spec?.inheritsEnv ?? false,
			hostUsers: spec?.hostUsers ?? false,
			...(spec?.logRoom === undefined ? {} : { logLimit: Math.floor(spec.logRoom / 2) }),
			...(first || request.timeout === undefined ? {} : { timeout: request.timeout }),
		};
	}

	async #attach(launch: Launch): Promise<SessionStreams> {
		const session = await this.#shell.open(attachScript(launch, this.#takeRubbish()));
		const { token, process } = launch;
		const streams = new SessionStreams(session, { token, tty: process.tty, stdin: process.stdin });
		const timer = setTimeout(() => session.close(), START);
		const said = await streams.begun().finally(() => clearTimeout(timer));
		if (said !== undefined) {
			// A session that was lost may have started it: better none than one that nobody knows of.
			throw refusalOf(launch, { code: await session.exited, stderr: said });
		}
		this.#attachments.set(streams, directoryOf(launch));
		streams.gone.then((gone) => this.#clear(launch, streams, gone));
		return streams;
	}

	/** A session to a first process that was taken up. */
	#keep(streams: SessionStreams, directory: string): void {
		this.#attachments.set(streams, directory);
		streams.gone.then((gone) => {
			this.#attachments.delete(streams);
			if (!gone) void this.#release([directory]);
		});
	}

	/** After a session is over, its directory is not needed any more, unless it is asked how the container ended. */
	async #clear(launch: Launch, streams: SessionStreams, gone: boolean): Promise<void> {
		this.#attachments.delete(streams);
		if (!gone) await this.#release([directoryOf(launch)]);
		if (launch.execution !== undefined) this.#rubbish.push(directoryOf(launch));
	}

	async #start(launch: Launch): Promise<void> {
		const results = await this.#exchange([
			...this.#removal(this.#takeRubbish()),
			{ name: 'start', script: detachedScript(launch) },
		]);
		const result = results.at(-1)!;
		if (result.code !== 0) throw refusalOf(launch, result);
	}

	async #ended(launch: Launch, told: ReturnType<Exits['ended']>, streams?: SessionStreams): Promise<ProcessEnd> {
		const { container, execution, token } = launch;
		const seen = await streams?.ended;
		if (streams !== undefined && seen === undefined) {
			streams.give('stderr', lostNotice());
			void this.#exits.follow();
		}
		const { code, last } = seen ?? (await told);
		this.#exits.forget(token);
		if (execution === undefined) {
			if (last) this.#exits.sandboxEnded(container, token);
			return { code, sandboxEnded: last };
		}
		if (streams === undefined) this.#rubbish.push(directoryOf(launch));
		return { code, sandboxEnded: last && (await this.#exits.endsWithin(container, END_OF_SANDBOX)) };
	}

	/** Remove ended runs in the exchange that starts the next one. */
	#takeRubbish(atLeast = MUCH): string[] {
		return this.#rubbish.length < atLeast ? [] : this.#rubbish.splice(0);
	}

	#removal(directories: readonly string[]): Section[] {
		if (directories.length === 0) return [];
		return [{ name: 'executions that are over', script: removeRuns(directories) }];
	}

	async #exchange(sections: readonly Section[]) {
		try {
			return await this.#shell.exchange(sections, { timeout: START, together: true });
		} catch (error) {
			throw unreachable(error);
		}
	}
}

/** Later output of the process is lost, although the process continues. */
function lostNotice(): Buffer {
	return Buffer.from('\r\nkleened: the connection to the process was lost; what it writes is not shown any more\r\n');
}

function refusedState(path: string, stderr: string): KleeneError {
	return new KleeneError({
		code: 'HOST_FAILED',
		what: `cannot keep the state of running processes in ${path} on the host`,
		why: stderr.trim(),
		hint: 'log in as root there, and check that /var/run is writable',
	});
}

function refusalOf({ container }: Launch, { code, stderr }: { code: number; stderr: string }): KleeneError {
	const said = stderr.trim();
	return (
		parseRefusal(stderr) ??
		new KleeneError({
			code: 'HOST_FAILED',
			what: `cannot run a process in container ${container}`,
			why: said === '' ? `exit code ${code}` : said,
			hint: `see the reason, and "klee container inspect ${container}" what the container is started with`,
		})
	);
}
