/** The commands of klee as data for the reference, read from the tree that also parses them and prints their help. */
import type { Command } from 'commander';
import { commandTree, shortcutTargets } from '../../src/cli/syntax/tree.ts';

/** An argument or option, as in help, and its meaning. */
export interface Term {
	readonly term: string;
	readonly description: string;
}

export interface CommandEntry {
	/** Without `klee`, e.g. `network create`. */
	readonly name: string;
	readonly usage: string;
	readonly description: string;
	/** Other ways to write the command, without `klee`: aliases and shortcuts. */
	readonly aliases: readonly string[];
	readonly terms: readonly Term[];
}

export interface CommandGroup {
	readonly name: string;
	readonly description: string;
	readonly commands: readonly CommandEntry[];
}

export interface CommandLine {
	readonly description: string;
	readonly options: readonly Term[];
	/** One group per kind of object; the last one holds the rest. */
	readonly groups: readonly CommandGroup[];
}

export function commandLine(): CommandLine {
	const root = commandTree();
	const targets = shortcutTargets();
	const visible = root.createHelp().visibleCommands(root);
	const groups = visible.filter(({ commands }) => commands.length > 0);
	const others = visible.filter((command) => !groups.includes(command) && !targets.has(command.name()));
	return {
		description: root.description(),
		options: termsOf(root),
		groups: [
			...groups.map((group) => ({
				name: group.name(),
				description: group.description(),
				commands: group
					.createHelp()
					.visibleCommands(group)
					.map((command) => entryOf(command, group.name(), targets)),
			})),
			{
				name: 'other',
				description: 'other commands',
				commands: others.map((command) => entryOf(command, '', targets)),
			},
		],
	};
}

function entryOf(command: Command, group: string, targets: ReadonlyMap<string, string>): CommandEntry {
	const named = (name: string) => `${group} ${name}`.trim();
	const name = named(command.name());
	const shortcuts = [...targets].flatMap(([shortcut, target]) => (target === name ? [shortcut] : []));
	const operands = command.registeredArguments.map((argument) => command.createHelp().argumentTerm(argument));
	const brackets = command.registeredArguments.map(({ required, variadic }, index) => {
		const word = `${operands[index]}${variadic ? '...' : ''}`.replace(/(\.\.\.)+$/, '...');
		return required ? word : `[${word}]`;
	});
	return {
		name,
		usage: ['klee', name, '[options]', ...brackets].join(' '),
		description: command.description(),
		aliases: [...shortcuts, ...command.aliases().map(named)],
		terms: termsOf(command),
	};
}

/** Described arguments and all options but `--help`, which every command has. */
function termsOf(command: Command): Term[] {
	const help = command.createHelp();
	const options = help.visibleOptions(command).filter(({ long }) => long !== '--help');
	return [
		...help.visibleArguments(command).map((argument) => ({
			term: help.argumentTerm(argument),
			description: help.argumentDescription(argument),
		})),
		...options.map((option) => ({ term: help.optionTerm(option), description: help.optionDescription(option) })),
	].filter(({ description }) => description !== '');
}
