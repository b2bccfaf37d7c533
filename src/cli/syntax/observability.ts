import { InvalidArgumentError, Option } from 'commander';
import type { CaptureOptions } from '../commands/observability/capture.ts';
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
	capture: (command) =>
		act<CaptureOptions>(
			withJson(
				command
					.description('capture packets of a container, a network or a published port (8080, tcp/8080)')
					.argument('<NAME>', 'container, network or port')
					.argument('[FILTER...]', 'as for tcpdump: tcp port 80')
					.option('-w, --write <FILE>', 'write a file for Wireshark (pcapng); "-" is the standard output')
					.option('-c, --count <COUNT>', 'end after a number of packets (default: 1000000)', packetCount)
					.option('--size <SIZE>', 'end after an amount of output, e.g. 10MB (default: 100MB)')
					.option('--for <DURATION>', 'end after a time, e.g. 30s (default: 1h)'),
			),
			async () => (await import('../commands/observability/capture.ts')).capture,
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

function packetCount(text: string): number {
	if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
	throw new InvalidArgumentError('Expected a number of packets, at least 1.');
}
