import { type Command, Option } from 'commander';

/** Gives a fresh command its arguments, options and action. */
export type Declaration = (command: Command) => Command;

/** An option that may be given several times; its values in order. */
export function repeatable(flags: string, description: string): Option {
	return new Option(flags, description)
		.default([])
		.argParser((value: string, previous: string[]) => [...previous, value]);
}

export function choice(flags: string, description: string, choices: readonly string[]): Option {
	return new Option(flags, description).choices(choices);
}

/** `create`, `run` and the like: what follows the first operand belongs to the command in the container. */
export function takesCommand(command: Command): Command {
	return command.passThroughOptions();
}

export function withJson(command: Command): Command {
	return command.option('--json', 'print JSON');
}

export interface Listing {
	readonly json?: boolean;
	readonly quiet?: boolean;
}

/** @param identifiers what --quiet prints */
export function withListing(command: Command, identifiers = 'ids'): Command {
	return withJson(command).option('-q, --quiet', `print only ${identifiers}`);
}

export function withForce(command: Command): Command {
	return command.option('-f, --force', 'skip confirmation');
}

export interface DryRun {
	readonly dryRun?: boolean;
}

/** For commands that change networks, and that start or stop containers. */
export function withDryRun(command: Command): Command {
	return command.option('--dry-run', 'print what would be done, as host commands, and change nothing');
}
