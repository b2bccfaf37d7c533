/** docs/cli.md. */
import type { CommandEntry, CommandLine, Term } from './commands.ts';
import type { DaemonUsage } from './daemon-options.ts';
import { EXIT_CODES, KLEE_ENVIRONMENT, KLEE_FILES, KLEENED_FILES } from './surroundings.ts';

const INTRODUCTION = `# Command line

<!-- Written by scripts/cli-reference.ts from src/cli/syntax and the options of kleened: change those, then run it. -->

Every command prints this help with \`--help\`. Manual pages: \`man klee\`, \`man kleened\`.
Options of \`klee\` itself stand before the command: \`klee --host URL ps\`.`;

export function markdownReference(klee: CommandLine, kleened: DaemonUsage): string {
	const groups = klee.groups.flatMap(({ name, description, commands }) => [
		`## ${name === 'other' ? 'Other commands' : `klee ${name}`}`,
		...(name === 'other' ? [] : [`${sentence(description)}`]),
		...commands.flatMap(section),
	]);
	return `${[
		INTRODUCTION,
		contents(klee),
		'## klee',
		'```\nklee [options] COMMAND\n```',
		table('Option', klee.options),
		table('Exit code', EXIT_CODES),
		table('Environment variable', KLEE_ENVIRONMENT),
		table('File', KLEE_FILES),
		...groups,
		'## kleened',
		`\`\`\`\n${kleened.calls.map(({ term }) => term).join('\n')}\n\`\`\``,
		table(
			'Call',
			kleened.calls.filter(({ description }) => description !== ''),
		),
		table('Option', kleened.options),
		table('File', KLEENED_FILES),
		...kleened.remarks,
	]
		.filter((part) => part !== '')
		.join('\n\n')}\n`;
}

function contents({ groups }: CommandLine): string {
	return groups
		.map(({ name, commands }) => {
			const links = commands.map(
				(command) => `[${command.name.split(' ').at(-1)}](#${anchor(`klee ${command.name}`)})`,
			);
			return `- ${name}: ${links.join(', ')}`;
		})
		.concat('- [kleened](#kleened)')
		.join('\n');
}

function section({ name, usage, description, aliases, terms }: CommandEntry): string[] {
	const also = aliases.length === 0 ? '' : ` Also: ${aliases.map((alias) => `\`klee ${alias}\``).join(', ')}.`;
	return [`### klee ${name}`, `${sentence(description)}${also}`, `\`\`\`\n${usage}\n\`\`\``, table('Option', terms)];
}

function table(title: string, terms: readonly Term[]): string {
	if (terms.length === 0) return '';
	const rows = terms.map(({ term, description }) => `| \`${cell(term)}\` | ${cell(text(description))} |`);
	return [`| ${title} | Meaning |`, '|---|---|', ...rows].join('\n');
}

function cell(content: string): string {
	return content.replaceAll('|', '\\|');
}

/** Text in which nothing is markup. */
function text(content: string): string {
	return content.replace(/[\\`*_<>[\]]/g, '\\$&');
}

function sentence(description: string): string {
	return `${text(description.charAt(0).toUpperCase() + description.slice(1))}.`;
}

/** As GitHub makes it of a heading. */
function anchor(heading: string): string {
	return heading.toLowerCase().replaceAll(' ', '-');
}
