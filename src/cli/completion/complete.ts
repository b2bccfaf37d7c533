import type { Command } from 'commander';
import { lines } from '../render/output.ts';
import { type RootOptions, resolveSettings } from '../settings.ts';
import { resolveCommand } from '../syntax/resolve.ts';
import type { Names } from './assignments.ts';
import { type Candidate, sought, type Wanted } from './candidates.ts';
import { contexts, namesOf } from './names.ts';

/** Prints what the last word may become, one a line with a description after a tab. `:files` asks for file names. */
export async function printCompletions(root: Command, words: readonly string[]): Promise<void> {
	const wanted = sought(root, words);
	const found = await candidatesOf(root, words, wanted);
	const matching = found.filter(({ value }) => value.startsWith(wanted.current));
	lines(matching.map(({ value, description }) => `${wanted.prefix}${value}\t${oneLine(description)}`));
	if (wanted.files) lines([':files']);
}

async function candidatesOf(root: Command, words: readonly string[], wanted: Wanted): Promise<readonly Candidate[]> {
	if (wanted.names === undefined) return wanted.candidates;
	const names = await askDaemon(root, words, wanted.names);
	return names.filter(({ value }) => !wanted.given.includes(value));
}

/** Completion has nobody to complain to: a daemon that is not there has no names. */
async function askDaemon(root: Command, words: readonly string[], kind: Names): Promise<readonly Candidate[]> {
	try {
		if (kind === 'contexts') return contexts();
		root.parseOptions([...resolveCommand(root, words.slice(0, -1)).rootOptions]);
		const settings = await resolveSettings(root.opts<RootOptions>());
		return await namesOf(kind, settings);
	} catch {
		return [];
	}
}

function oneLine(description: string): string {
	return description.replace(/\s+/g, ' ');
}
