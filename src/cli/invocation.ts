import type { Command } from 'commander';
import type { KleeneClient } from '#client/client.ts';
import { isKleeneError } from '#errors/kleene-error.ts';
import { CommandLineError, EXIT, Quit } from './failure.ts';
import { printRefusal } from './render/refusal.ts';
import { type RootOptions, resolveSettings, resolveTheme, type Settings, type Theme } from './settings.ts';

/** A command as it was typed, with all that its action may use. */
export interface Invocation<Options> {
	/** Operands in order. After IMAGE or CONTAINER of `run` and the like: COMMAND, untouched. */
	readonly args: readonly string[];
	readonly options: Options;
	readonly settings: Settings;
	readonly client: KleeneClient;
}

export type Action<Options> = (invocation: Invocation<Options>) => Promise<void>;

/** Code of an action is loaded when its command runs, not when the tree of commands is built. */
export function act<Options>(command: Command, load: () => Promise<Action<Options>>): Command {
	return command.action(async () => {
		const settings = await resolveSettings(rootOf(command).opts<RootOptions>());
		const [action, client] = await Promise.all([load(), connect(settings)]);
		try {
			await action({ args: command.args, options: command.opts() as Options, settings, client });
		} finally {
			client.close();
		}
	});
}

/** A command that uses no daemon. */
export interface LocalInvocation<Options> {
	readonly args: readonly string[];
	readonly options: Options;
	readonly theme: Theme;
}

export type LocalAction<Options> = (invocation: LocalInvocation<Options>) => Promise<void>;

/** As `act`, also where no daemon can be chosen. */
export function actLocally<Options>(command: Command, load: () => Promise<LocalAction<Options>>): Command {
	return command.action(async () => {
		const theme = await resolveTheme(rootOf(command).opts<RootOptions>());
		const action = await load();
		await action({ args: command.args, options: command.opts() as Options, theme });
	});
}

async function connect({ host, tls }: Settings): Promise<KleeneClient> {
	const { openClient } = await import('#client/client.ts');
	try {
		return openClient({ host, tls });
	} catch (error) {
		throw isKleeneError(error) ? new CommandLineError(EXIT.usage, error) : error;
	}
}

function rootOf(command: Command): Command {
	let root = command;
	while (root.parent) root = root.parent;
	return root;
}

/** One after the other; what is refused for one does not keep the rest waiting, but makes the command fail. */
export async function each(names: readonly string[], action: (name: string) => Promise<void>): Promise<void> {
	let refused = false;
	for (const name of names) {
		try {
			await action(name);
		} catch (error) {
			if (!isKleeneError(error) || error.code === 'DAEMON_UNREACHABLE') throw error;
			printRefusal(error);
			refused = true;
		}
	}
	if (refused) throw new Quit(EXIT.refused);
}
