import type { CommandConfig } from '#api/executions.ts';
import type { RunConfig } from '#api/runs.ts';
import type { KleeneClient } from '#client/client.ts';
import type { Created, ExecutionSink } from '#client/executions.ts';
import { EXIT, Quit } from '../failure.ts';
import { line, note } from '../render/output.ts';
import { type Followed, type FollowOptions, followExecution, type Surroundings } from './follow.ts';

export interface AttachOptions {
	readonly detach?: boolean;
	readonly interactive?: boolean;
	readonly tty?: boolean;
}

/** Command and container to run it in. Empty `cmd` and `user` stand for those of the container. */
export interface Execution {
	readonly container: string;
	readonly cmd: readonly string[];
	readonly env: readonly string[];
	readonly user: string;
	readonly workdir?: string;
}

/** Starts a command and, unless detached, stays with it to the end. klee then exits as the command did. */
export async function startExecution(
	client: KleeneClient,
	execution: Execution,
	options: AttachOptions,
): Promise<void> {
	if (isDetached(options)) return startDetached(client, execution, options.tty);
	const id = await create(client, execution, options.tty ?? false);
	const attach = (surroundings: Surroundings, sink: ExecutionSink) =>
		client.executions.attach({ exec_id: id, start_container: true, ...surroundings }, sink);
	stay(await followExecution(attach, { ...followOptions(options), started: () => noteCreated(id) }));
}

/** Creates, connects and starts a container and, unless detached, stays with its command to the end. */
export async function runContainer(client: KleeneClient, config: RunConfig, options: AttachOptions): Promise<void> {
	if (isDetached(options)) {
		const { id, exec_id } = await client.containers.run(config);
		line(id);
		noteCreated(exec_id);
		return;
	}
	const attach = (surroundings: Surroundings, sink: ExecutionSink) =>
		client.executions.run({ ...config, ...surroundings }, sink);
	const started = ({ container = '', execution = '' }: Created) => {
		note(container);
		noteCreated(execution);
	};
	stay(await followExecution(attach, { ...followOptions(options), started }));
}

function isDetached({ detach, interactive }: AttachOptions): boolean {
	return detach === true && interactive !== true;
}

function followOptions({ interactive, tty }: AttachOptions): FollowOptions {
	return { input: interactive ?? false, tty: tty ?? false };
}

function stay({ closingLine, exitCode = EXIT.noCommand, endsWithNewline }: Followed): void {
	note(`${endsWithNewline ? '' : '\n'}\n${closingLine}`);
	if (exitCode !== 0) throw new Quit(exitCode);
}

export async function startDetached(client: KleeneClient, execution: Execution, tty = false): Promise<void> {
	const id = await create(client, execution, tty);
	await client.executions.startDetached({ exec_id: id, start_container: true, stdin: false });
	noteCreated(id);
}

function create(client: KleeneClient, execution: Execution, tty: boolean): Promise<string> {
	const creation = client.executions.create({ container_id: execution.container, ...commandConfig(execution, tty) });
	client.executions.prepare();
	return creation;
}

function noteCreated(execution: string): void {
	note(`created execution instance ${execution}`);
}

export function commandConfig({ cmd, env, user, workdir }: Omit<Execution, 'container'>, tty: boolean): CommandConfig {
	const place = workdir === undefined ? {} : { workdir };
	return { cmd: [...cmd], env: tty ? withTerminalType(env) : [...env], user, tty, ...place };
}

/** Programs have to know which terminal will show what they write: this one. */
function withTerminalType(env: readonly string[]): string[] {
	const { TERM } = process.env;
	if (!TERM || env.some((variable) => variable.startsWith('TERM='))) return [...env];
	return [...env, `TERM=${TERM}`];
}
