import { hasDesktop, openBrowser } from '../../console/browser.ts';
import { readPage } from '../../console/page-files.ts';
import { ConsoleServer } from '../../console/server.ts';
import { usageError } from '../../failure.ts';
import type { Action } from '../../invocation.ts';
import { line, note } from '../../render/output.ts';
import { VERSION } from '../../version.ts';

export interface ConsoleOptions {
	readonly port?: string;
	readonly open: boolean;
}

const MOST_PORT = 65_535;

/** Serves the page until a signal ends it. */
export const serveConsole: Action<ConsoleOptions> = async ({ options, client: { relay } }) => {
	const port = parsePort(options.port);
	const server = await ConsoleServer.start({ port, page: readPage(), relay, version: VERSION });
	const stopListening = onEnter(() => line(server.freshAddress()));
	const ended = endingSignal();
	line(server.freshAddress());
	note(`the page shows the daemon at ${relay.address}. Enter: another address for it, Ctrl-C: the end`);
	const removeFile =
		options.open && process.stdout.isTTY && hasDesktop() ? openBrowser(server.freshAddress()) : undefined;
	await ended;
	removeFile?.();
	stopListening();
	server.close();
};

function parsePort(text = '0'): number {
	const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
	if (port <= MOST_PORT) return port;
	throw usageError(`cannot use '${text}' with --port`, 'it is not a port of TCP', 'write a number from 1 to 65535');
}

/** @returns a function that ends the listening */
function onEnter(action: () => void): () => void {
	const { stdin } = process;
	const onData = (typed: Buffer) => {
		if (typed.includes('\n')) action();
	};
	// Without a terminal, or with one that has hung up, nobody presses a key.
	stdin.on('data', onData).on('error', () => {});
	return () => {
		stdin.off('data', onData).pause();
		stdin.unref?.();
	};
}

/** Resolves with the first signal that asks for an end. */
function endingSignal(): Promise<void> {
	return new Promise((resolve) => {
		for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
	});
}
