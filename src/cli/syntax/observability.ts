import { Option } from 'commander';
import type { ConsoleOptions } from '../commands/observability/console.ts';
import type { FlowsOptions } from '../commands/observability/flows.ts';
import type { MapOptions } from '../commands/observability/map.ts';
import { act } from '../invocation.ts';
import { type Declaration, withJson } from './options.ts';

const FORMATS = ['json', 'svg', 'dot', 'mermaid'];

/** Commands of `klee network` that show the map and the traffic. */
export const observabilityCommands: Readonly<Record<string, Declaration>> = {
	map: (command) =>
		act<MapOptions>(
			withJson(command.description('draw networks and their containers (default: all)').argument('[NETWORKS...]'))
				.addOption(format('svg', 'draw a picture (SVG)'))
				.addOption(format('dot', 'draw a graph for Graphviz'))
				.addOption(format('mermaid', 'draw a graph for Mermaid')),
			async () => (await import('../commands/observability/map.ts')).map,
		),
	flows: (command) =>
		act<FlowsOptions>(
			withJson(
				command
					.description('show who talks with whom: connections of containers (default: all)')
					.argument('[NAMES...]', 'containers or networks')
					.option('-f, --follow', 'go on with what begins and ends')
					.option('--refused', 'follow packets that the firewall refuses, with the rule and a way to allow them'),
			),
			async () => (await import('../commands/observability/flows.ts')).flows,
		),
};

/** Commands of `klee system` for the whole host. */
export const consoleCommands: Readonly<Record<string, Declaration>> = {
	console: (command) =>
		act<ConsoleOptions>(
			command
				.description('show the networks in a browser')
				.option('--port <PORT>', 'port on 127.0.0.1 (default: a free one)')
				.option('--no-open', 'only print the address, open no browser'),
			async () => (await import('../commands/observability/console.ts')).serveConsole,
		),
};

function format(name: string, description: string): Option {
	return new Option(`--${name}`, description).conflicts(FORMATS.filter((other) => other !== name));
}
