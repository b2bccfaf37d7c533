import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import type { CaptureLine, CaptureQuery } from '#api/observability/capture.ts';
import type { KleeneClient } from '#client/client.ts';
import { CaptureTally } from '#client/observability/capture-tally.ts';
import { EXIT, Quit, usageError } from '../../failure.ts';
import type { Action } from '../../invocation.ts';
import { parseSize } from '../../parse/size.ts';
import { parseDuration } from '../../parse/time.ts';
import { bytes, note, whenWritable } from '../../render/output.ts';

export interface CaptureOptions {
	readonly write?: string;
	readonly count?: number;
	readonly size?: string;
	readonly for?: string;
	readonly json?: boolean;
}

type Summary = Omit<Extract<CaptureLine, { type: 'end' }>, 'type'>;

/** Captures until a limit or the first Ctrl-C; the summary goes to stderr. */
export const capture: Action<CaptureOptions> = async ({ args: [of = '', ...words], options, client }) => {
	if (options.json && options.write !== undefined)
		throw usageError('cannot use --json with --write', 'a file is no JSON', 'leave out one of both');
	const id = randomUUID();
	const query: CaptureQuery = { of, id, ...limits(options), ...(words.length > 0 ? { filter: words.join(' ') } : {}) };
	const stopListening = stopAtSignals(client, id);
	try {
		const summary =
			options.write === undefined
				? await print(client, query, options.json === true)
				: await write(client, query, options.write);
		if (!summary) throw new Quit(EXIT.refused);
		if (!options.json) note(describe(summary));
	} finally {
		stopListening();
	}
};

function limits({ count, size, for: duration }: CaptureOptions): Omit<CaptureQuery, 'of'> {
	return {
		...(count === undefined ? {} : { count }),
		...(size === undefined ? {} : { bytes: parseSize('--size', size, '--size 10MB') }),
		...(duration === undefined ? {} : { seconds: parseDuration('--for', duration) / 1000 }),
	};
}

/** The first signal asks the daemon for the end, with a summary; the second one ends klee. */
function stopAtSignals(client: KleeneClient, id: string): () => void {
	let asked = false;
	const stop = (signal: NodeJS.Signals) => {
		if (asked) process.exit(EXIT.interrupted);
		asked = true;
		client.observability.stopCapture(id).catch(() => process.kill(process.pid, signal));
	};
	const signals = ['SIGINT', 'SIGTERM'] as const;
	for (const signal of signals) process.on(signal, stop);
	return () => {
		for (const signal of signals) process.off(signal, stop);
	};
}

async function print(client: KleeneClient, query: CaptureQuery, asJson: boolean): Promise<Summary | undefined> {
	let summary: Summary | undefined;
	await client.observability.captureLines(query, async (line) => {
		if (line.type === 'end') summary = line;
		const text = asJson ? JSON.stringify(line) : line.type === 'packet' ? printable(line.text) : undefined;
		if (text !== undefined && !bytes('stdout', Buffer.from(`${text}\n`))) await whenWritable();
	});
	return summary;
}

/** The daemon sends no control characters; one that does is not to reach the terminal. */
function printable(text: string): string {
	return text.replace(/\p{Cc}/gu, '?');
}

async function write(client: KleeneClient, query: CaptureQuery, file: string): Promise<Summary | undefined> {
	if (file === '-' && process.stdout.isTTY)
		throw usageError('cannot write packets to a terminal', 'they are no text', 'use -w FILE, or a pipe to Wireshark');
	const tally = new CaptureTally();
	const pieces = client.observability.capturePackets(query);
	// A refusal comes before the first piece: nothing is overwritten then.
	let { value, done } = await pieces.next();
	const target = file === '-' ? undefined : await open(file, 'w').catch(unwritable(file));
	try {
		while (!done) {
			tally.push(value);
			if (target) await target.writeFile(value).catch(unwritable(file));
			else if (!bytes('stdout', value)) await whenWritable();
			({ value, done } = await pieces.next());
		}
	} finally {
		await target?.close();
	}
	return tally.end;
}

function unwritable(file: string): (error: Error) => never {
	return ({ message }) => {
		throw usageError(`cannot write to '${file}'`, message, 'make room there, or name a file elsewhere');
	};
}

function describe({ packets, dropped, reason }: Summary): string {
	const lost =
		dropped > 0 ? `${dropped} were dropped by the kernel, as they came faster than they were read` : 'none dropped';
	return `${packets} packets, ${lost}; ended: ${printable(reason)}`;
}
