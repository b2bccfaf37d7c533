import { type Command, CommanderError } from 'commander';
import { adviceOn } from './advice.ts';
import { CommandLineError, EXIT, Quit, usageError } from './failure.ts';
import { bindBooleans } from './parse/boolean.ts';
import { quitWithoutReader } from './render/output.ts';
import { printRefusal } from './render/refusal.ts';
import { BOOLEAN_OPTIONS } from './syntax/network.ts';
import { pathOf, resolveCommand } from './syntax/resolve.ts';
import { commandTree } from './syntax/tree.ts';
import { requireText } from './utf8.ts';

/** Runs one command line. @returns the exit code, which is not acted upon, so that output still in flight gets out */
export async function runKlee(words: readonly string[]): Promise<number> {
	quitWithoutReader();
	const root = commandTree(words);
	const { command, rest } = resolveCommand(root, words);
	try {
		for (const [index, word] of words.entries()) requireText(word, `argument ${index + 1}`, 'argument');
		if (rest.length === 0 && wantsHelp(command)) command.outputHelp();
		else await root.parseAsync(bound(command, words), { from: 'user' });
		return 0;
	} catch (error) {
		const code = report(error, command);
		return code === 0 || error instanceof Quit || !exitsAsItsCommand(command) ? code : EXIT.noCommand;
	}
}

/** Its other exit codes belong to the command in the container, as with docker and podman. */
function exitsAsItsCommand(command: Command): boolean {
	return ['run', 'exec'].includes(command.name());
}

/** A command that needs operands and has got nothing at all is a question. */
function wantsHelp(command: Command): boolean {
	return command.commands.length > 0 || command.registeredArguments.some((argument) => argument.required);
}

function bound(command: Command, words: readonly string[]): readonly string[] {
	return pathOf(command) === 'klee network create' ? bindBooleans(words, BOOLEAN_OPTIONS) : words;
}

function report(error: unknown, command: Command): number {
	if (error instanceof Quit) return error.exitCode;
	if (error instanceof CommanderError) {
		if (error.exitCode === 0) return 0;
		if (error.code === 'commander.help') return EXIT.usage; // it has been printed
		printRefusal(fromCommander(error, command));
		return EXIT.usage;
	}
	printRefusal(error);
	return error instanceof CommandLineError ? error.exitCode : EXIT.refused;
}

function fromCommander(error: CommanderError, command: Command): CommandLineError {
	const [what = ''] = error.message.replace(/^error: /, '').split('\n');
	const { why, hint } = adviceOn(error, command);
	return usageError(what, why, hint);
}
