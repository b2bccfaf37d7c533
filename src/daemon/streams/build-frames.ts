import { StringDecoder } from 'node:string_decoder';
import type { WebSocket } from 'ws';
import type { BuildFrame, ImageBuildConfig } from '#api/builds.ts';
import { starting } from '#api/frames.ts';
import type { BuildEvent } from '#engine/operations/build/request.ts';
import { isTagged } from './socket.ts';

/** Events of a build as text frames. The original client ends lines itself, ours takes them as they are. */
export class BuildFrames {
	readonly #socket: WebSocket;
	readonly #quiet: boolean;
	readonly #events: boolean;
	#begun = false;
	/** Of the output of stages: a chunk may end within a character. */
	readonly #decoders = new Map<number | undefined, StringDecoder>();
	/** Id of the image to be. */
	image = '';

	constructor(socket: WebSocket, { quiet, events = false }: Pick<ImageBuildConfig, 'quiet' | 'events'>) {
		this.#socket = socket;
		this.#quiet = quiet;
		this.#events = events;
	}

	/** Sends the starting frame, unless it was sent. */
	begin(image: string): void {
		if (!this.#begun) this.#send(starting(image));
		this.#begun = true;
	}

	/** @param stage index */
	tell(event: BuildEvent, stage?: number): void {
		if (event.kind === 'started') {
			this.image = event.image;
			this.begin(event.image);
		} else if (this.#events) {
			const frame = frameOf(event, stage ?? null, (chunk) => this.#decode(chunk, stage));
			if (frame && !this.#quiet) this.#send(JSON.stringify(frame));
		} else if (event.kind === 'output') {
			if (!this.#quiet) this.#send(this.#decode(event.chunk, stage));
		} else if (event.kind === 'cached' || event.kind === 'done') {
			if (isTagged(this.#socket)) this.#line(noteOf(event));
		} else this.#line(lineOf(event), event.kind === 'snapshot');
	}

	note(text: string | undefined): void {
		if (text !== undefined) this.#send(text);
	}

	#decode(chunk: Buffer, stage: number | undefined): string {
		const decoder = this.#decoders.get(stage) ?? new StringDecoder('utf8');
		this.#decoders.set(stage, decoder);
		return decoder.write(chunk);
	}

	#line(text: string | undefined, always = false): void {
		if (text === undefined) return;
		if (always || !this.#quiet) this.#send(isTagged(this.#socket) ? `${text}\n` : text);
	}

	#send(text: string): void {
		// Binary frames end the original client, and bytes that are no UTF-8 a text frame.
		if (text !== '' && this.#socket.readyState === this.#socket.OPEN) this.#socket.send(text);
	}
}

type Told<K extends BuildEvent['kind']> = Extract<BuildEvent, { readonly kind: K }>;

function lineOf(event: Told<'step' | 'parent' | 'snapshot' | 'command-failed'>): string {
	switch (event.kind) {
		case 'step':
			return `Step ${event.number}/${event.total} : ${event.line}`;
		case 'parent':
			return `Using user-supplied parent image: '${event.image}'`;
		case 'snapshot':
			return `--> Snapshot created: @${event.layer}`;
		case 'command-failed':
			return `The command '${event.argv.join(' ')}' returned a non-zero code: ${event.code}`;
	}
}

/** What the original client is not told. */
function noteOf(event: Told<'cached' | 'done'>): string | undefined {
	if (event.kind === 'cached') return '--> Using cache';
	return event.changed ? `--> Done in ${(event.milliseconds / 1000).toFixed(1)} s` : undefined;
}

function frameOf(
	event: Exclude<BuildEvent, Told<'started'>>,
	stage: number | null,
	decode: (chunk: Buffer) => string,
): BuildFrame | undefined {
	switch (event.kind) {
		case 'step': {
			const { number, total, line, stage: name } = event;
			return { type: 'step', stage, number, total, line, ...(name === undefined ? {} : { name }) };
		}
		case 'output':
			return { type: 'output', stage, text: decode(event.chunk) };
		case 'cached':
			return { type: 'cached', stage };
		case 'done':
			return { type: 'done', stage, milliseconds: Math.round(event.milliseconds) };
		case 'command-failed':
			return { type: 'failed', stage, line: lineOf(event) };
		case 'parent':
			return { type: 'note', line: lineOf(event) };
		case 'snapshot':
			return undefined;
	}
}
