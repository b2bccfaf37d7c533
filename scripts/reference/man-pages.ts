/** klee.1 and kleened.8, in the macros of man(7). */
import type { CommandEntry, CommandLine, Term } from './commands.ts';
import type { DaemonUsage } from './daemon-options.ts';
import { EXIT_CODES, KLEE_ENVIRONMENT, KLEE_FILES, KLEENED_FILES } from './surroundings.ts';

const NOTICE = '.\\" Written by scripts/cli-reference.ts: change the declarations of the options instead.';

export function kleeManPage({ description, options, groups }: CommandLine, version: string): string {
	return page([
		NOTICE,
		`.TH KLEE 1 "" "Kleene ${version}" "User Commands"`,
		...section('NAME', [`klee \\- ${text(description)}`]),
		...section('SYNOPSIS', ['.B klee', text('[options] COMMAND')]),
		...section('OPTIONS', ['These options stand before the command.', ...tagged(options)]),
		...groups.flatMap((group) =>
			section(`${group.name.toUpperCase()} COMMANDS`, group.commands.flatMap(commandSection)),
		),
		...section('EXIT STATUS', tagged(EXIT_CODES)),
		...section('ENVIRONMENT', tagged(KLEE_ENVIRONMENT)),
		...section('FILES', ['The first file that exists is read.', ...tagged(KLEE_FILES)]),
		...section('SEE ALSO', ['.BR kleened (8)']),
	]);
}

export function kleenedManPage({ calls, options, remarks }: DaemonUsage, version: string): string {
	const purposes = calls.filter(({ description }) => description !== '');
	return page([
		NOTICE,
		`.TH KLEENED 8 "" "Kleene ${version}" "System Administration"`,
		...section('NAME', ['kleened \\- container daemon of Kleene']),
		...section('SYNOPSIS', ['.nf', ...calls.map(({ term }) => text(term)), '.fi']),
		...section('COMMANDS', tagged(purposes)),
		...section('OPTIONS', [...remarks.map(text), ...tagged(options)]),
		...section('FILES', tagged(KLEENED_FILES)),
		...section('SEE ALSO', ['.BR klee (1)']),
	]);
}

function page(lines: readonly string[]): string {
	return `${lines.join('\n')}\n`;
}

function section(title: string, lines: readonly string[]): string[] {
	return [`.SH ${title}`, ...lines];
}

function commandSection({ name, usage, description, aliases, terms }: CommandEntry): string[] {
	const also = aliases.length === 0 ? '' : ` Also: ${aliases.map((alias) => `klee ${alias}`).join(', ')}.`;
	return [
		`.SS klee ${text(name)}`,
		'.nf',
		`.B ${text(usage)}`,
		'.fi',
		'.PP',
		text(`${description.charAt(0).toUpperCase()}${description.slice(1)}.${also}`),
		...tagged(terms),
	];
}

function tagged(terms: readonly Term[]): string[] {
	return terms.flatMap(({ term, description }) => ['.TP', `.B ${text(term)}`, text(description)]);
}

/** Text in which nothing is a request: a hyphen stays one that can be copied, and a line may begin with "." or "'". */
function text(content: string): string {
	const escaped = content
		.replaceAll('\\', '\\e')
		.replaceAll('-', '\\-')
		.replaceAll('"', '\\(dq')
		.replaceAll("'", '\\(aq')
		.replaceAll('`', '\\(ga')
		.replaceAll('^', '\\(ha')
		.replaceAll('~', '\\(ti');
	return escaped.startsWith('.') ? `\\&${escaped}` : escaped;
}
