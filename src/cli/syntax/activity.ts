import { type Command, InvalidArgumentError } from 'commander';
import type { LogsOptions } from '../commands/logs.ts';
import { act } from '../invocation.ts';
import type { Declaration } from './options.ts';

/** What containers do and did. */
export const activityCommands: Readonly<Record<string, Declaration>> = {
	logs: declareLogs,
};

function declareLogs(command: Command): Command {
	const declared = command
		.description('show the output of a container')
		.argument('<CONTAINER>')
		.option('-f, --follow', 'wait for more until the container stops')
		.option('-n, --tail <LINES>', 'number of lines to show from the end, or all (default: all)', lineCount)
		.option('--since <TIME>', 'show lines since a time (2026-11-30T20:15:00) or duration (10m)')
		.option('--until <TIME>', 'show lines before a time or duration')
		.option('-t, --timestamps', 'show the time of each line');
	return act<LogsOptions>(declared, async () => (await import('../commands/logs.ts')).logs);
}

function lineCount(text: string): number | undefined {
	if (text === 'all') return undefined;
	if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('Expected a number of lines or "all".');
	return Number(text);
}
