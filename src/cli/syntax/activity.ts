import { type Command, InvalidArgumentError } from 'commander';
import type { AttachCommandOptions } from '../commands/activity/attach.ts';
import type { CopyOptions } from '../commands/activity/copy.ts';
import type { EventsOptions } from '../commands/activity/events.ts';
import type { LogsOptions } from '../commands/activity/logs.ts';
import type { StatsOptions } from '../commands/activity/stats.ts';
import { act } from '../invocation.ts';
import { type Declaration, repeatable, withJson } from './options.ts';

/** What containers do and did. */
export const activityCommands: Readonly<Record<string, Declaration>> = {
	logs: declareLogs,
	attach: (command) =>
		act<AttachCommandOptions>(
			command
				.description('follow the first process of a running container (Ctrl-P Ctrl-Q leaves a terminal)')
				.argument('<CONTAINER>')
				.option('--no-stdin', 'send no input')
				.option('--no-sig-proxy', 'leave at a signal instead of passing it on'),
			async () => (await import('../commands/activity/attach.ts')).attach,
		),
	top: (command) =>
		act<{ json?: boolean }>(
			withJson(command.description('show the processes of a container')).argument('<CONTAINER>'),
			async () => (await import('../commands/activity/processes.ts')).top,
		),
	kill: (command) =>
		act<{ signal: string }>(
			command
				.description('send a signal to the first process of containers; KILL ends all processes')
				.argument('<CONTAINERS...>')
				.option('-s, --signal <SIGNAL>', 'signal: TERM, SIGTERM or 15', 'KILL'),
			async () => (await import('../commands/activity/processes.ts')).kill,
		),
	stats: (command) =>
		act<StatsOptions>(
			withJson(command.description('show what running containers use (default: all)'))
				.argument('[CONTAINERS...]')
				.option('--no-stream', 'measure once, over 0.3 seconds'),
			async () => (await import('../commands/activity/stats.ts')).stats,
		),
	cp: (command) =>
		act<CopyOptions>(
			command
				.description('copy files from or to a container; one of both is CONTAINER:PATH, "-" is a tar archive')
				.argument('<FROM>')
				.argument('<TO>')
				.option('-a, --archive', 'keep owners (default: root inside)'),
			async () => (await import('../commands/activity/copy.ts')).copy,
		),
	diff: (command) =>
		act<{ json?: boolean }>(
			withJson(command.description('list files that differ from the image: A added, C changed, D deleted')).argument(
				'<CONTAINER>',
			),
			async () => (await import('../commands/activity/changes.ts')).diff,
		),
	wait: (command) =>
		act(
			command.description('wait until containers have ended and print their exit codes').argument('<CONTAINERS...>'),
			async () => (await import('../commands/activity/changes.ts')).wait,
		),
	port: (command) =>
		act<{ json?: boolean }>(
			withJson(command.description('show the published ports of a container'))
				.argument('<CONTAINER>')
				.argument('[PORT]', 'port of the container: PORT[/PROTO]'),
			async () => (await import('../commands/activity/port.ts')).port,
		),
};

/** Commands about more than containers. */
export const overallCommands: Readonly<Record<string, Declaration>> = {
	events: declareEvents,
	info: (command) =>
		act<{ json?: boolean }>(
			withJson(command.description('show the daemon and its host')),
			async () => (await import('../commands/activity/overview.ts')).info,
		),
	df: (command) =>
		act<{ json?: boolean; verbose?: boolean }>(
			withJson(command.description('show disk usage')).option('-v, --verbose', 'list every object'),
			async () => (await import('../commands/activity/overview.ts')).diskUsage,
		),
	inspect: (command) =>
		act(
			withJson(command.description('show details of objects of any kind')).argument('<OBJECTS...>'),
			async () => (await import('../commands/activity/inspect.ts')).inspect,
		),
};

function declareEvents(command: Command): Command {
	const declared = command
		.description('follow what happens, as lines of JSON')
		.addOption(repeatable('--type <TYPE>', 'only events of a type: container-started, or all of container'))
		.option('--container <CONTAINER>', 'only events of a container')
		.option('--network <NETWORK>', 'only events of a network')
		.option('--since <TIME>', 'begin at a time (2026-11-30T20:15:00) or duration (10m) before now')
		.option('--until <TIME>', 'end at a time');
	return act<EventsOptions>(declared, async () => (await import('../commands/activity/events.ts')).events);
}

function declareLogs(command: Command): Command {
	const declared = command
		.description('show the output of a container')
		.argument('<CONTAINER>')
		.option('-f, --follow', 'wait for more until the container stops')
		.option('-n, --tail <LINES>', 'number of lines to show from the end, or all (default: all)', lineCount)
		.option('--since <TIME>', 'show lines since a time (2026-11-30T20:15:00) or duration (10m)')
		.option('--until <TIME>', 'show lines before a time or duration')
		.option('-t, --timestamps', 'show the time of each line');
	return act<LogsOptions>(declared, async () => (await import('../commands/activity/logs.ts')).logs);
}

function lineCount(text: string): number | undefined {
	if (text === 'all') return undefined;
	if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a number of lines or "all".');
	return Number(text);
}
