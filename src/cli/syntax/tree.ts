import { Argument, Command, Help, Option } from 'commander';
import { VERSION_LINE } from '../version.ts';
import { activityCommands, overallCommands } from './activity.ts';
import { containerCommands } from './container.ts';
import { contextCommands } from './context.ts';
import { diagnosisCommands } from './diagnosis.ts';
import { imageCommands } from './image.ts';
import { networkCommands } from './network.ts';
import { consoleCommands, observabilityCommands } from './observability.ts';
import type { Declaration } from './options.ts';
import { systemCommands } from './system.ts';
import { volumeCommands } from './volume.ts';

interface Group {
	readonly name: string;
	readonly description: string;
	readonly commands: Readonly<Record<string, Declaration>>;
	/** Commands that are at the top level too, by their name there. */
	readonly shortcuts: Readonly<Record<string, string>>;
	/** Other names of commands in the group, as other programs have them. */
	readonly aliases: Readonly<Record<string, string>>;
}

const GROUPS: readonly Group[] = [
	{
		name: 'container',
		description: 'manage containers',
		commands: { ...containerCommands, ...activityCommands },
		shortcuts: {
			create: 'create',
			run: 'run',
			start: 'start',
			stop: 'stop',
			restart: 'restart',
			exec: 'exec',
			logs: 'logs',
			attach: 'attach',
			top: 'top',
			kill: 'kill',
			stats: 'stats',
			cp: 'cp',
			diff: 'diff',
			wait: 'wait',
			port: 'port',
			rename: 'rename',
			ps: 'ls',
			rm: 'rm',
			lsc: 'ls',
			isc: 'inspect',
			rmc: 'rm',
		},
		aliases: { ps: 'ls', list: 'ls', remove: 'rm' },
	},
	{
		name: 'image',
		description: 'manage images',
		commands: imageCommands,
		shortcuts: {
			history: 'history',
			build: 'build',
			pull: 'pull',
			push: 'push',
			save: 'save',
			load: 'load',
			login: 'login',
			logout: 'logout',
			images: 'ls',
			tag: 'tag',
			rmi: 'rm',
			lsi: 'ls',
			isi: 'inspect',
		},
		aliases: { list: 'ls', remove: 'rm' },
	},
	{
		name: 'network',
		description: 'manage networks',
		commands: { ...networkCommands, ...diagnosisCommands, ...observabilityCommands },
		shortcuts: { lsn: 'ls', isn: 'inspect', rmn: 'rm' },
		aliases: { list: 'ls', remove: 'rm' },
	},
	{
		name: 'volume',
		description: 'manage volumes',
		commands: volumeCommands,
		shortcuts: { lsv: 'ls', isv: 'inspect', rmv: 'rm' },
		aliases: { list: 'ls', remove: 'rm' },
	},
	{
		name: 'system',
		description: 'manage the daemon',
		commands: { ...systemCommands, ...overallCommands, ...consoleCommands },
		shortcuts: { console: 'console', events: 'events', info: 'info', inspect: 'inspect' },
		aliases: {},
	},
	{
		name: 'context',
		description: 'manage names for daemons',
		commands: contextCommands,
		shortcuts: {},
		aliases: { list: 'ls', remove: 'rm' },
	},
];

/**
 * The tree of commands. Parsing, help and completion all read this one.
 * @param words the command line, where only what it names is needed: commands that are not in it stay empty, which
 * spares every start some milliseconds. Default, and where it names no command: the whole tree.
 */
export function commandTree(words: readonly string[] = []): Command {
	const root = new Command('klee')
		.description('run containers and manage their networks')
		.version(VERSION_LINE, '--version', 'print the version')
		.helpOption('-h, --help', 'print help')
		.helpCommand(false)
		.enablePositionalOptions()
		.exitOverride()
		.configureOutput({ outputError: () => {} })
		.configureHelp({ optionDescription });
	declareRootOptions(root);
	const needed = neededNames(words);
	root.commandsGroup('Objects:');
	for (const group of GROUPS) declareGroup(root.command(group.name), group, needed(group.name));
	root.commandsGroup('Shortcuts:');
	for (const { commands, shortcuts } of GROUPS)
		for (const [shortcut, name] of Object.entries(shortcuts)) {
			const command = root.command(shortcut);
			if (needed(shortcut)) commands[name]?.(command);
		}
	root.commandsGroup('Other:');
	declareOwn(root);
	return root;
}

/** Shortcuts at the top level and the commands they stand for, e.g. `ps` → `container ls`. */
export function shortcutTargets(): ReadonlyMap<string, string> {
	return new Map(
		GROUPS.flatMap(({ name, shortcuts }) =>
			Object.entries(shortcuts).map(([shortcut, command]): [string, string] => [shortcut, `${name} ${command}`]),
		),
	);
}

/** An option that may be repeated begins with an empty list, which is no default worth a word. */
function optionDescription(option: Option): string {
	return Array.isArray(option.defaultValue) ? option.description : Help.prototype.optionDescription(option);
}

function neededNames(words: readonly string[]): (name: string) => boolean {
	const names = new Set(GROUPS.flatMap(({ name, shortcuts }) => [name, ...Object.keys(shortcuts)]));
	const named = words.some((word) => names.has(word)) && !words.includes('__complete');
	return named ? (name) => words.includes(name) : () => true;
}

function declareGroup(command: Command, group: Group, whole: boolean): void {
	command.description(group.description).helpCommand(false);
	if (!whole) return;
	for (const [name, declare] of Object.entries(group.commands)) {
		const aliases = Object.keys(group.aliases).filter((alias) => group.aliases[alias] === name);
		declare(command.command(name).aliases(aliases));
	}
}

function declareRootOptions(root: Command): void {
	root
		.option('--config <FILE>', 'configuration file')
		.addOption(new Option('--theme <THEME>', 'table style').choices(['fancy', 'simple']))
		.option('--host <URL>', 'daemon address, also ssh://USER@HOST (default: http:///var/run/kleened.sock)')
		.option('--context <CONTEXT>', 'daemon by its name, see "klee context ls" (default: the current one)')
		.option('--tlsverify', 'verify the daemon certificate')
		.option('--no-tlsverify', 'skip verification of the daemon certificate')
		.option('--tlscert <FILE>', 'client certificate (PEM)')
		.option('--tlskey <FILE>', 'client private key (PEM)')
		.option('--tlscacert <FILE>', 'CA certificate to trust (PEM); implies --tlsverify');
}

function declareOwn(root: Command): void {
	root
		.command('version')
		.description('print the version')
		.action(async () => {
			const { line } = await import('../render/output.ts');
			line(VERSION_LINE);
		});
	root
		.command('completion')
		.description('print a shell completion script')
		.addArgument(new Argument('<SHELL>').choices(['bash', 'zsh', 'fish']))
		.action(async (shell: string) => {
			const { printScript } = await import('../completion/scripts.ts');
			printScript(shell);
		});
	root
		.command('__complete', { hidden: true })
		.passThroughOptions()
		.argument('[WORDS...]')
		.action(async (words: string[]) => {
			const { printCompletions } = await import('../completion/complete.ts');
			await printCompletions(root, words);
		});
}
