import type { Command, Option } from 'commander';

export interface Resolved {
	/** The innermost command that the words name. */
	readonly command: Command;
	/** The words after its name. */
	readonly rest: readonly string[];
	/** Root options as typed, in front of the first command name. */
	readonly rootOptions: readonly string[];
}

/** Finds the command without parsing its options, as help and completion need it also where they are incomplete. */
export function resolveCommand(root: Command, words: readonly string[]): Resolved {
	let command = root;
	let start = 0;
	let rootEnd: number | undefined;
	for (let index = 0; index < words.length && command.commands.length > 0; index++) {
		const word = words[index] ?? '';
		if (word.startsWith('-')) {
			if (findOption(command, word)?.required && !word.includes('=')) index++;
			continue;
		}
		const inner = command.commands.find((candidate) => candidate.name() === word || candidate.aliases().includes(word));
		rootEnd ??= index;
		if (!inner) break;
		command = inner;
		start = index + 1;
	}
	return { command, rest: words.slice(start), rootOptions: words.slice(0, rootEnd) };
}

/** @param word `--long`, `--long=value`, `-s` or a cluster `-it`, where the last letter counts */
export function findOption(command: Command, word: string): Option | undefined {
	const name = word.replace(/=.*/s, '');
	if (name.startsWith('--')) return command.options.find((option) => option.long === name);
	return command.options.find((option) => option.short === `-${name.at(-1)}`);
}

/** `klee network create` */
export function pathOf(command: Command): string {
	return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}
