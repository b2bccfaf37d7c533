import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { refuseExhausted } from '#errors/exhaustion.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { ApplyOptions, HostProcess, LiveChange, RunRequest, SandboxEnded } from '#host/driver.ts';
import type { ObservedSandbox } from '#model/host/observed.ts';
import type { Mount } from '#model/mount.ts';
import type { SandboxPart } from '#model/parts/sandbox.ts';
import { setHostname } from '#os/linux/hostname.ts';
import { createContainer, type OciTools } from '#os/linux/oci/conmon.ts';
import { countOomKills, countsSwap, deleteContainer, denyDevice, isStarted } from '#os/linux/oci/runtime.ts';
import { SealedCopy } from '#os/linux/oci/sealed-copy.ts';
import { isAlive, isOfEarlierBoot, signalProcess } from '#os/linux/process.ts';
import type { PartHandler } from '../handler.ts';
import { requireReservedPorts } from '../network/reserved-ports.ts';
import type { Paths } from '../paths.ts';
import { hintFor, reasonOf } from '../refusals.ts';
import { bindsBelow } from '../storage/bind-options.ts';
import { Admission } from './admission.ts';
import { adopt, cgroupOf } from './bundle/adoption.ts';
import { Bundle, type SandboxProcesses } from './bundle/bundle.ts';
import { lookUpDevices } from './bundle/confinement.ts';
import { mountsOf } from './bundle/mounts.ts';
import { writeNameFiles } from './bundle/name-files.ts';
import { ociConfig } from './bundle/oci-spec.ts';
import { refuseOther } from './bundle/refuse-other.ts';
import { lookUp, usersOf } from './bundle/users.ts';
import { Exits } from './exits.ts';
import { type HookOptions, Hooks } from './hooks.ts';
import { readStatus } from './init-status.ts';
import { Logs } from './log/logs.ts';
import { inTurns, observedSandboxes } from './observation.ts';
import { inheritedEnv, Runner } from './runner.ts';
import type { Stack } from './stacks.ts';

/** Milliseconds. */
const DEFAULT_GRACE = 10_000;
const AFTER_KILL = 10_000;
/** /dev/net/tun. Kernel: Documentation/admin-guide/devices.txt. */
const TUN = 'c 10:200 rwm';
/** Between looks whether unread output is all that holds a sandbox. */
const RELEASE = 200;

export interface SandboxOptions extends HookOptions {
	readonly paths: Paths;
	readonly conmon: string;
	readonly runtime: string;
	/** Path of our init on the host. */
	readonly init: string;
	/** Milliseconds that the runtime may take to start a process; undefined: as long as is reasonable. */
	readonly patience?: number;
	/** A container's own network namespace. */
	readonly stackOf: (container: string) => Pick<Stack, 'path' | 'owner'>;
	/** Limit of the processes and threads of a container; 0 or undefined: none. */
	readonly mostProcesses?: number;
	/** Size of a log file that ends it, in bytes; undefined: the default. */
	readonly logLimit?: number;
	/** The same for the host's namespace; undefined: the one that the daemon runs in. */
	readonly hostNetwork?: string;
}

/** Ends a sandbox. @param endsWithin whether it has ended after so many milliseconds at the latest */
type Waiting = (endsWithin: (milliseconds: number) => Promise<boolean>) => Promise<void>;

/** The containers' processes. */
export class LinuxSandboxes implements PartHandler<'sandbox'> {
	readonly #paths: Paths;
	readonly #options: SandboxOptions;
	readonly #tools: OciTools;
	readonly #exits: Exits;
	readonly #runner: Runner;
	readonly #hooks: Hooks;
	readonly #admission = new Admission();
	readonly logs: Logs;

	constructor(options: SandboxOptions) {
		this.#options = options;
		this.#paths = options.paths;
		const { conmon, runtime, patience, paths } = options;
		const tools = { conmon, runtime, copy: new SealedCopy(runtime), state: paths.runtimeState() };
		this.#tools = { ...tools, ...(patience === undefined ? {} : { patience }) };
		this.#exits = new Exits(options.paths.exits(), options.log);
		this.#runner = new Runner(options.paths, this.#tools, { exits: this.#exits, admission: this.#admission });
		this.#hooks = new Hooks(this.#runner, options);
		this.logs = new Logs(paths, options.log, options.logLimit);
	}

	async make(part: SandboxPart, options: ApplyOptions = {}): Promise<void> {
		const { container } = part;
		const bundle = this.#bundle(container);
		const before = bundle.processes();
		if (before !== undefined && isAlive(before.first)) return refuseOther(bundle, part);
		if (bundle.exists()) await this.unmake(part, options);
		try {
			requireReservedPorts(part.spec, this.#options.hostNamespace);
			this.#exits.forget(container);
			await bundle.write(part, () => this.#config(part, bundle));
			await this.#hooks.beforeStart(container, part.spec.hooks);
			const { tty, stdin } = part.spec.process;
			const log = this.logs.begin(container, part.spec.logRoom);
			const monitored = { container, directory: bundle.directory, tty, stdin, exits: this.#paths.exits(), log };
			const processes = bundle.record(await this.#admission.run(() => createContainer(this.#tools, monitored)));
			if (processes === undefined) throw new Error('its first process ended before it was started');
			// Interfaces of the host's stack, and further ones beside the addresses that were assigned, are not for them to make.
			if (!part.spec.netAdmin) denyDevice(this.#tools, container, TUN);
			this.#exits.track(container, processes);
		} catch (error) {
			await this.#remove(container).catch(() => {});
			this.#exits.forget(container);
			throw error;
		}
	}

	async unmake(part: SandboxPart, options: ApplyOptions = {}): Promise<void> {
		const { container } = part;
		const bundle = this.#bundle(container);
		const processes = bundle.processes() ?? (await adopt(container, bundle));
		const grace = options.grace ?? DEFAULT_GRACE;
		const isThere = bundle.exists();
		const started = processes !== undefined && this.#isStarted(container);
		let killed = false;
		if (processes !== undefined && isAlive(processes.first)) killed = await this.#end(container, processes, grace);
		else if (processes !== undefined) await this.#conclude(container, processes, grace);
		const outOfMemory = await this.#remove(container);
		if (isThere && !started) return this.#exits.forget(container);
		const restarted = processes !== undefined && isOfEarlierBoot(processes.first);
		const end = this.#exits.conclude(container, isThere ? { killed, outOfMemory, restarted } : undefined);
		if (end) options.onEnd?.(container, end);
	}

	describe(verb: 'make' | 'unmake', part: SandboxPart): string[] {
		const runtime = `${this.#tools.runtime} --root ${this.#tools.state}`;
		if (verb === 'unmake') return [`${runtime} kill ${part.container} TERM`, `${runtime} delete ${part.container}`];
		const bundle = this.#paths.bundle(part.container);
		return [
			`${this.#tools.conmon} --cid ${part.container} --bundle ${bundle} --exit-dir ${this.#paths.exits()}`,
			`${runtime} create --bundle ${bundle} ${part.container}`,
		];
	}

	async run(request: RunRequest): Promise<HostProcess> {
		try {
			const process = await this.#runner.run(request);
			if (request.kind === 'first')
				await this.#hooks.afterStart(request.container, this.#bundle(request.container), process);
			return process;
		} catch (error) {
			throw failed(`cannot run a process in container ${request.container}`, error);
		}
	}

	/** Its record stays: what is in it of the host name is how it was started. */
	modify(container: string, { hostname }: LiveChange): void {
		const first = this.#bundle(container).processes()?.first;
		if (hostname !== undefined && first !== undefined) setHostname(first, hostname);
	}

	/** Sandboxes that ended while nobody watched are told of at once. */
	watch(listener: (event: SandboxEnded) => void): void {
		for (const { container } of this.observe()) {
			const processes = this.#bundle(container).processes();
			if (processes === undefined) continue;
			this.#exits.track(container, processes);
			this.logs.track(container);
		}
		this.#exits.listen((container) => listener({ kind: 'sandbox-ended', container }));
	}

	observe(): ObservedSandbox[] {
		return [...observedSandboxes(this.#paths, (container) => this.#isStarted(container))];
	}

	observeInTurns(): Promise<ObservedSandbox[]> {
		return inTurns(observedSandboxes(this.#paths, (container) => this.#isStarted(container)));
	}

	close(): void {
		this.logs.close();
		this.#exits.close();
		this.#runner.close();
		this.#tools.copy?.close();
	}

	#bundle(container: string): Bundle {
		return new Bundle(this.#paths.bundle(container));
	}

	/**
	 * The status file can be written to from inside, so it only decides where a daemon was killed between starting the first
	 * process and removing what the runtime waited at.
	 */
	#isStarted(container: string): boolean {
		return isStarted(this.#tools, container) || readStatus(this.#bundle(container).status).command !== undefined;
	}

	async #config(part: SandboxPart, bundle: Bundle): Promise<object> {
		const { container, spec } = part;
		const root = this.#paths.containerRoot(container);
		const users = usersOf(spec, root);
		const stack = spec.network === 'own' ? this.#options.stackOf(container) : undefined;
		mkdirSync(this.#tools.state, { recursive: true });
		return ociConfig({
			spec,
			root,
			identity: await lookUp(users, spec.process.user),
			...(spec.hooks ? { hookIdentity: await lookUp(users, spec.hooks.user) } : {}),
			inherited: inheritedEnv(spec),
			files: await this.#names(part, bundle),
			mounts: mountsOf(part, this.#paths),
			devices: lookUpDevices(spec.confinement),
			init: this.#options.init,
			status: bundle.status,
			started: bundle.started,
			dev: bundle.dev,
			network: stack?.path ?? this.#options.hostNetwork,
			...(stack?.owner === undefined ? {} : { owner: stack.owner, bindOptions: bindsBelow() }),
			cgroup: cgroupOf(container),
			mostProcesses: this.#options.mostProcesses ?? 0,
			countsSwap: countsSwap(),
		});
	}

	/** Files with names: those of its options instead of what Kleene and its image have. */
	async #names({ container, spec, names = [] }: SandboxPart, { directory }: Bundle): Promise<Mount[]> {
		const usual = this.#resolvConf(container);
		const resolvConf = usual[0] && readFileSync(usual[0].source, 'utf8');
		const sources = { directory, root: this.#paths.containerRoot(container), resolvConf };
		const own = await writeNameFiles({ ...spec.confinement, names }, sources);
		const taken = new Set(own.map(({ destination }) => destination));
		return [...usual.filter(({ destination }) => !taken.has(destination)), ...own];
	}

	/** The name servers of its networks instead of those of its image. */
	#resolvConf(container: string): Mount[] {
		const source = this.#paths.resolvConf(container);
		if (!existsSync(source)) return [];
		return [{ type: 'nullfs', source, destination: '/etc/resolv.conf', readOnly: true }];
	}

	/** Asks the processes to end, ends them after a while, and waits until they are gone. @returns whether they were killed */
	async #end(container: string, processes: SandboxProcesses, grace: number): Promise<boolean> {
		const { first } = processes;
		let killed = false;
		await this.#whileReleasing(container, processes, async (endsWithin) => {
			// Before it was started there is only the runtime, waiting, which does not take a SIGTERM.
			const started = this.#isStarted(container);
			if (started) await this.#hooks.beforeStop(container, this.#bundle(container), grace > 0);
			if (started && grace > 0) {
				signalProcess(first, 'SIGTERM');
				if (await endsWithin(grace)) return;
			}
			killed = signalProcess(first, 'SIGKILL');
			if (!(await endsWithin(AFTER_KILL))) throw new Error(`process ${first.pid} does not end after SIGKILL`);
		});
		return killed;
	}

	/**
	 * No process is left, but its conmon may not be rid of the last output, and has not told of the end: were it done
	 * without, it would tell of it in the next run.
	 */
	async #conclude(container: string, processes: SandboxProcesses, grace: number): Promise<void> {
		if (!isAlive(processes.monitor)) return;
		await this.#whileReleasing(container, processes, async (endsWithin) => {
			if (await endsWithin(Math.max(grace, 2 * RELEASE))) return;
			signalProcess(processes.monitor, 'SIGKILL');
			await endsWithin(AFTER_KILL);
		});
	}

	/** Output that nobody reads would keep conmon from telling of the end, once there is no process any more. */
	async #whileReleasing(container: string, processes: SandboxProcesses, wait: Waiting): Promise<void> {
		this.#exits.track(container, processes);
		const release = setInterval(() => isAlive(processes.first) || this.#runner.release(container), RELEASE);
		try {
			await wait((milliseconds) => this.#exits.endsWithin(container, milliseconds));
		} finally {
			clearInterval(release);
		}
	}

	/** @returns whether the kernel ended a process of it for lack of memory */
	async #remove(container: string): Promise<boolean> {
		const outOfMemory = countOomKills(this.#tools, container) > 0;
		await deleteContainer(this.#tools, container, cgroupOf(container));
		await this.#hooks.afterStop(container, this.#bundle(container));
		await this.#bundle(container).remove();
		this.logs.end(container);
		return outOfMemory;
	}
}

function failed(what: string, error: unknown): KleeneError {
	const refusal = refuseExhausted(what, error);
	if (refusal instanceof KleeneError) return refusal;
	const [why, hint] = [reasonOf(error), hintFor('process', error)];
	return new KleeneError({ code: 'HOST_FAILED', what, why, hint, cause: error });
}
