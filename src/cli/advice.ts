import type { Command, CommanderError, Option } from 'commander';
import { findOption, pathOf } from './syntax/resolve.ts';
import { commandTree } from './syntax/tree.ts';

export interface Advice {
	readonly why: string;
	readonly hint: string;
}

/** Suggests a correction for an unknown word. @param command the innermost one that the words name */
export function adviceOn({ code, message }: CommanderError, command: Command): Advice {
	const [what = '', suggestion = ''] = message.split('\n');
	const [, word = ''] = /'([^']*)'/.exec(what) ?? [];
	const similar = /^\(Did you mean (.*)\?\)$/.exec(suggestion)?.[1];
	const help = `${pathOf(command)} --help`;
	const usual = { why: '', hint: similar ? `did you mean ${similar}? See ${help}` : `see ${help}` };
	if (code === 'commander.unknownOption') return misplaced(word, command) ?? optionOfCommand(word, command) ?? usual;
	if (code === 'commander.unknownCommand') return elsewhere(word, command) ?? usual;
	const ofRoot = code === 'commander.invalidArgument' && findOption(rootOf(command), word.split(' ')[0] ?? '');
	return ofRoot && !findOption(command, word.split(' ')[0] ?? '') ? { why: '', hint: 'see klee --help' } : usual;
}

/** Options of klee itself stand before the command, those of a command after it. */
function misplaced(flag: string, command: Command): Advice | undefined {
	const path = pathOf(command).replace(/^klee ?/, '');
	const own = findOption(rootOf(command), flag);
	if (own && command.parent)
		return { why: 'it is an option of klee itself', hint: `write it before the command: klee ${typed(own)} ${path}` };
	const inner = command.parent && findOption(command, flag);
	if (!inner) return undefined;
	return { why: `it is an option of klee ${path}`, hint: `write it after the command: klee ${path} ${typed(inner)}` };
}

/** Words for a container that come after options of klee: it cannot tell whose an option is. */
function optionOfCommand(flag: string, command: Command): Advice | undefined {
	const [first, ...more] = command.registeredArguments;
	if (!first || !more.at(-1)?.variadic || more.at(-1)?.name() !== 'COMMAND') return undefined;
	const place = `${pathOf(command)} [OPTIONS] ${first.name()} -- COMMAND ${flag} ...`;
	return { why: '', hint: `write "--" before a command with options of its own: ${place}` };
}

/** `-f, --force` → `--force` */
function typed({ flags }: Option): string {
	return flags.split(', ').at(-1) ?? flags;
}

/** Suggests groups for commands that have no shortcut. */
function elsewhere(name: string, command: Command): Advice | undefined {
	if (command.parent) return undefined;
	const groups = commandTree().commands.filter(({ commands }) => commands.some((inner) => inner.name() === name));
	if (groups.length === 0) return undefined;
	return { why: '', hint: `did you mean ${groups.map((group) => `klee ${group.name()} ${name}`).join(' or ')}?` };
}

function rootOf(command: Command): Command {
	return command.parent ? rootOf(command.parent) : command;
}
