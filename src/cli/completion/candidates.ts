import type { Argument, Command, Option } from 'commander';
import { findOption, resolveCommand } from '../syntax/resolve.ts';
import { assignmentAt, type Names } from './assignments.ts';

export interface Candidate {
	readonly value: string;
	readonly description: string;
}

/** Candidates at the cursor. */
export interface Wanted {
	/** Typed prefix. */
	readonly current: string;
	/** Goes in front of every candidate: `--type=`. */
	readonly prefix: string;
	readonly candidates: readonly Candidate[];
	readonly names: Names | undefined;
	readonly files: boolean;
	/** Operands that are there already. */
	readonly given: readonly string[];
}

/** @param words what follows `klee`, up to and with the word at the cursor, which may be empty */
export function sought(root: Command, words: readonly string[]): Wanted {
	const current = words.at(-1) ?? '';
	const { command, rest } = resolveCommand(root, words.slice(0, -1));
	const base: Wanted = { current, prefix: '', candidates: [], names: undefined, files: false, given: [] };
	const scan = scanWords(command, rest);
	if (scan.pending) return { ...base, ...valuesOf(scan.pending, current) };
	if (scan.inCommand) return base;
	const assigned = /^(--[^=]+=)(.*)$/s.exec(current);
	if (assigned && !scan.optionsEnded) {
		const [, prefix = '', value = ''] = assigned;
		const option = findOption(command, prefix);
		const values = option ? valuesOf(option, value) : {};
		return { ...base, current: value, ...values, prefix: `${prefix}${values.prefix ?? ''}` };
	}
	if (current.startsWith('-') && !scan.optionsEnded) return { ...base, candidates: optionsOf(command) };
	if (command.commands.length > 0) return { ...base, candidates: subcommandsOf(command) };
	return { ...base, ...operandAt(command, scan.operands), given: scan.operands };
}

interface Scan {
	readonly operands: readonly string[];
	/** The option whose value is at the cursor. */
	readonly pending: Option | undefined;
	/** The cursor is in COMMAND, whose words are none of klee's business. */
	readonly inCommand: boolean;
	readonly optionsEnded: boolean;
}

function scanWords(command: Command, words: readonly string[]): Scan {
	const operands: string[] = [];
	const passes = command.registeredArguments.some((argument) => argument.name() === 'COMMAND');
	let optionsEnded = false;
	for (let index = 0; index < words.length; index++) {
		const word = words[index] ?? '';
		if (word === '--' && !optionsEnded) optionsEnded = true;
		else if (word.startsWith('-') && !optionsEnded) {
			const option = findOption(command, word);
			const takesNext = option?.required && !word.includes('=');
			if (takesNext && index === words.length - 1) return { operands, pending: option, inCommand: false, optionsEnded };
			if (takesNext) index++;
		} else operands.push(word);
		if (passes && operands.length > 0) return { operands, pending: undefined, inCommand: true, optionsEnded };
	}
	return { operands, pending: undefined, inCommand: false, optionsEnded };
}

function optionsOf(command: Command): Candidate[] {
	return command
		.createHelp()
		.visibleOptions(command)
		.map(({ long, short, description }) => ({ value: long ?? short ?? '', description }));
}

function subcommandsOf(command: Command): Candidate[] {
	return command
		.createHelp()
		.visibleCommands(command)
		.flatMap((inner) =>
			[inner.name(), ...inner.aliases()].map((value) => ({ value, description: inner.description() })),
		);
}

function valuesOf(option: Option, typed: string): Partial<Wanted> {
	const pair = assignmentAt(option, typed);
	if (pair) {
		const candidates = pair.words.map((value) => ({ value, description: '' }));
		return { current: pair.current, prefix: pair.key, candidates, names: pair.names };
	}
	const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '';
	if (option.argChoices) return { candidates: option.argChoices.map((value) => ({ value, description: '' })) };
	if (placeholder === 'BOOL') return { candidates: ['true', 'false'].map((value) => ({ value, description: '' })) };
	return { names: namesFor(placeholder, ''), files: placeholder === 'FILE' || placeholder === 'MOUNT' };
}

function operandAt(command: Command, operands: readonly string[]): Partial<Wanted> {
	const { registeredArguments } = command;
	const last = registeredArguments.at(-1);
	const argument: Argument | undefined = registeredArguments[operands.length] ?? (last?.variadic ? last : undefined);
	if (!argument) return {};
	if (argument.argChoices) return { candidates: argument.argChoices.map((value) => ({ value, description: '' })) };
	return { names: namesFor(argument.name(), command.name()), files: argument.name() === 'FILE' };
}

/** Commands for containers that run. */
const RUNNING: ReadonlySet<string> = new Set(['exec', 'stop', 'top', 'kill', 'stats', 'attach']);

/** Commands for containers and networks alike. */
const COMMUNICATION: ReadonlySet<string> = new Set(['flows', 'capture']);

/** The name shown in help tells the kind of object: `<NETWORK>`, `<CONTAINERS...>`. */
function namesFor(placeholder: string, command: string): Names | undefined {
	if (/^CONTAINERS?$/.test(placeholder)) return RUNNING.has(command) ? 'running' : 'containers';
	if (COMMUNICATION.has(command) && /^NAMES?$/.test(placeholder)) return 'communicating';
	if (/^OBJECTS?$/.test(placeholder)) return 'objects';
	if (/^(SOURCE|DESTINATION)$/.test(placeholder)) return 'running';
	if (/^CONTEXTS?$/.test(placeholder)) return 'contexts';
	if (/^VOLUMES?$/.test(placeholder)) return 'volumes';
	if (/^NETWORKS?$/.test(placeholder)) return 'networks';
	return /^(SOURCE_)?IMAGES?$/.test(placeholder) ? 'images' : undefined;
}
