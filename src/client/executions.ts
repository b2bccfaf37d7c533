import type { AttachConfig } from '#api/activity/attachments.ts';
import type { ExecConfig, ExecStartConfig } from '#api/executions.ts';
import { CLOSE, type ClientControl, STDERR, STDOUT, STREAMS_SUBPROTOCOL, type WebSocketMessage } from '#api/frames.ts';
import type { RunAttachedConfig } from '#api/runs.ts';
import type { IdResponse } from '#api/shapes.ts';
import type { KleeneError } from '#errors/kleene-error.ts';
import type { Call, HttpTransport } from './http.ts';
import { plan } from './plan.ts';
import { refusalInFrame } from './refusal.ts';
import { cutOff, failureOf, loadWebSockets, openWire, parseMessage, type Wire } from './wire.ts';

/** Receiver of the output of an attached execution. Bytes are verbatim. */
export interface ExecutionSink {
	/** The process was started: before any output. Ids come where they are new to the client. */
	started?(created: Created): void;
	stdout(bytes: Buffer): void;
	stderr(bytes: Buffer): void;
	/** Input may flow again after `write` returned false. */
	inputDrained?(): void;
}

/** Ids of what a run created. */
export interface Created {
	readonly container?: string | undefined;
	readonly execution?: string | undefined;
}

/** End of an execution instance. */
export interface ExecutionEnd {
	/** The sentence of the daemon. */
	readonly closingLine: string;
	/** 0–255; undefined where the daemon did not tell. */
	readonly exitCode: number | undefined;
}

export interface AttachedExecution {
	/** Rejects with a KleeneError where the execution could not be started or followed. */
	readonly finished: Promise<ExecutionEnd>;
	/** The daemon understands end of input, window sizes and signals, and keeps stdout and stderr apart. */
	readonly hasStreams: boolean;
	/** @returns false when the caller should wait for `inputDrained` */
	write(bytes: Uint8Array): boolean;
	control(control: ClientControl): void;
	pause(): void;
	resume(): void;
	/** Leave. The daemon decides what becomes of the process. */
	detach(): void;
}

export type StartConfig = Omit<ExecStartConfig, 'attach'>;

export interface ExecutionsClient {
	/** Says that something will be started soon: what that takes is loaded while another request is under way. */
	prepare(): void;
	/** @returns the id of the new execution instance; nothing runs yet */
	create(config: ExecConfig): Promise<string>;
	/** Plan of creating and starting it, as host commands. Nothing is changed. */
	plan(config: ExecConfig): Promise<string[]>;
	/** Resolves when the process has been started: what is sent before goes nowhere. */
	attach(config: StartConfig, sink: ExecutionSink): Promise<AttachedExecution>;
	/** Creates, connects and starts a container, or nothing of it. Resolves when its process has been started. */
	run(config: RunAttachedConfig, sink: ExecutionSink): Promise<AttachedExecution>;
	/** Connects to the first process of a running container. Leaving it changes nothing for it. */
	reattach(config: AttachConfig, sink: ExecutionSink): Promise<AttachedExecution>;
	/** Resolves when the process has been started. */
	startDetached(config: StartConfig): Promise<void>;
}

const PATH = '/exec/start';

const creating = (config: ExecConfig): Call => ({
	method: 'POST',
	path: ['exec', 'create'],
	body: config,
	doing: `run a command in container ${config.container_id}`,
});

export function executionsClient(http: HttpTransport): ExecutionsClient {
	return {
		prepare: () => void loadWebSockets(),
		create: async (config) => (await http.call<IdResponse>(creating(config))).id,
		plan: (config) => plan(http, creating(config)),
		attach: (config, sink) => attach(http, { path: PATH, configuration: { ...config, attach: true } }, sink),
		run: (configuration, sink) => attach(http, { path: '/containers/run', configuration }, sink),
		reattach: (configuration, sink) =>
			attach(http, { path: '/containers/attach', configuration }, sink, configuration.container_id),
		startDetached: (config) => startDetached(http, config),
	};
}

async function startDetached(http: HttpTransport, config: StartConfig): Promise<void> {
	const frames = new OutputFrames({ stdout: () => {}, stderr: () => {} });
	const wire = await openWire(http, {
		path: PATH,
		subprotocol: STREAMS_SUBPROTOCOL,
		configuration: { ...config, attach: false },
		onFrame: (data, isBinary) => frames.take(data, isBinary),
	});
	const ending = await wire.ended;
	if (ending.code !== CLOSE.detached)
		throw frames.failure ?? failureOf(ending, 'error starting container', frames.takeReason());
}

/** @param container as for `cutOff`; a run tells its id */
async function attach(
	http: HttpTransport,
	request: { readonly path: string; readonly configuration: object },
	sink: ExecutionSink,
	container?: string,
): Promise<AttachedExecution> {
	const frames = new OutputFrames(sink);
	const wire = await openWire(http, {
		...request,
		subprotocol: STREAMS_SUBPROTOCOL,
		onFrame: (data, isBinary) => frames.take(data, isBinary),
		onDrain: () => sink.inputDrained?.(),
	});
	frames.streams = wire.agreed;
	const finished = endOf(wire, frames, container);
	await Promise.race([frames.started, finished]);
	return {
		finished,
		hasStreams: wire.agreed,
		write: (bytes) => wire.send(bytes),
		control: (control) => {
			if (wire.agreed) wire.send(JSON.stringify(control));
		},
		pause: () => wire.pause(),
		resume: () => wire.resume(),
		detach: () => wire.close('interrupted by user'),
	};
}

async function endOf(wire: Wire, frames: OutputFrames, container?: string): Promise<ExecutionEnd> {
	const ending = await wire.ended;
	if (ending.code === CLOSE.finished && ending.reason?.msg_type === 'closing') {
		frames.flush();
		const { message, exit_code } = ending.reason;
		return { closingLine: message, exitCode: exit_code ?? exitCodeIn(message) };
	}
	const cut = ending.code === CLOSE.leaving || ending.reason === undefined;
	if (cut && frames.begun && !frames.failure) {
		frames.flush();
		throw cutOff(ending, frames.begun.container ?? container);
	}
	throw frames.failure ?? failureOf(ending, 'error starting exec instance', frames.takeReason());
}

/** Daemons without the subprotocol tell the exit code in the sentence only. */
function exitCodeIn(closingLine: string): number | undefined {
	const digits = /exit-code (\d{1,3})$/.exec(closingLine)?.[1];
	return digits === undefined ? undefined : Number(digits);
}

const REASON = /^error: /;

/** Sorts the frames of a daemon: the starting message, output by stream, and the reason of a failure. */
class OutputFrames {
	streams = true;
	/** The refusal that the daemon sent as a frame. */
	failure: KleeneError | undefined;
	/** Ids in the starting frame, once that has come. */
	begun: Created | undefined;
	/** Settled by the starting frame. */
	readonly started: Promise<void>;
	readonly #sink: ExecutionSink;
	#start: (() => void) | undefined;
	#held: Buffer | undefined;

	constructor(sink: ExecutionSink) {
		this.#sink = sink;
		this.started = new Promise((resolve) => {
			this.#start = resolve;
		});
	}

	take(data: Buffer, isBinary: boolean): void {
		this.flush();
		if (isBinary && this.streams) this.#output(data);
		else if (!isBinary && this.#isFailure(data)) return;
		else if (this.#start) this.#begin(parseMessage(data.toString('utf8')));
		else this.#sink.stdout(data);
	}

	#begin(message: WebSocketMessage | undefined): void {
		this.begun = { container: message?.container_id, execution: message?.exec_id };
		this.#sink.started?.(this.begun);
		this.#start?.();
		this.#start = undefined;
	}

	#output(data: Buffer): void {
		if (data[0] === STDOUT) this.#sink.stdout(data.subarray(1));
		else if (data[0] === STDERR) this.#sink.stderr(data.subarray(1));
	}

	/** A message with the whole refusal, or from other daemons `error: ...`, which may turn out to be output. */
	#isFailure(data: Buffer): boolean {
		const text = data.toString('utf8');
		const message = this.streams || this.#start ? parseMessage(text) : undefined;
		if (message?.msg_type === 'error') this.failure = refusalInFrame(message.data, 'start the execution instance');
		else if (REASON.test(text)) this.#held = data;
		else return false;
		return true;
	}

	/** The supposed reason was output after all. */
	flush(): void {
		const held = this.#held;
		this.#held = undefined;
		if (held) this.#sink.stdout(held);
	}

	takeReason(): string | undefined {
		const held = this.#held;
		this.#held = undefined;
		return held?.toString('utf8').replace(REASON, '').trimEnd();
	}
}
