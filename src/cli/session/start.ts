import type { CommandConfig } from '#api/executions.ts';
import type { KleeneClient } from '#client/client.ts';
import { EXIT, Quit } from '../failure.ts';
import { line, text } from '../render/output.ts';
import { followExecution } from './follow.ts';

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
}

/** Starts a command and, unless detached, stays with it to the end. klee then exits as the command did. */
export async function startExecution(
	client: KleeneClient,
	execution: Execution,
	options: AttachOptions,
): Promise<void> {
	if (options.detach && !options.interactive) return startDetached(client, execution, options.tty);
	const id = await create(client, execution, options.tty ?? false);
	const {
		closingLine,
		exitCode = EXIT.refused,
		endsWithNewline,
	} = await followExecution(client, id, {
		input: options.interactive ?? false,
		tty: options.tty ?? false,
	});
	if (!endsWithNewline) text('\n');
	text('\n');
	line(closingLine);
	if (exitCode !== 0) throw new Quit(exitCode);
}

export async function startDetached(client: KleeneClient, execution: Execution, tty = false): Promise<void> {
	const id = await create(client, execution, tty);
	await client.executions.startDetached({ exec_id: id, start_container: true, stdin: false });
}

async function create(client: KleeneClient, execution: Execution, tty: boolean): Promise<string> {
	const creation = client.executions.create({ container_id: execution.container, ...commandConfig(execution, tty) });
	client.executions.prepare();
	const id = await creation;
	line(`created execution instance ${id}`);
	return id;
}

export function commandConfig({ cmd, env, user }: Omit<Execution, 'container'>, tty: boolean): CommandConfig {
	return { cmd: [...cmd], env: tty ? withTerminalType(env) : [...env], user, tty };
}

/** Programs have to know which terminal will show what they write: this one. */
function withTerminalType(env: readonly string[]): string[] {
	const { TERM } = process.env;
	if (!TERM || env.some((variable) => variable.startsWith('TERM='))) return [...env];
	return [...env, `TERM=${TERM}`];
}
