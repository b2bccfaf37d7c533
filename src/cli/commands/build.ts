import { Readable } from 'node:stream';
import type { BuildFrame } from '#api/builds.ts';
import { usageError } from '../failure.ts';
import type { Action } from '../invocation.ts';
import { type BuildOptions, buildConfig } from '../parse/build/options.ts';
import { BuildProgress } from '../render/build-progress.ts';
import { drawsOnTerminal } from '../render/live-region.ts';
import { line } from '../render/output.ts';
import { Progress } from './image.ts';

export const build: Action<BuildOptions> = async (invocation) => {
	const { options } = invocation;
	if (options.progress === 'tty' && !drawsOnTerminal())
		throw usageError('cannot show the progress as a picture', 'standard error is no terminal', 'use --progress plain');
	const draws = !options.quiet && options.progress !== 'plain' && drawsOnTerminal();
	line(await (draws ? drawn(invocation) : asText(invocation)));
};

type Invocation = Parameters<Action<BuildOptions>>[0];

/** @returns the id of the image */
async function asText({ args: [directory = ''], options, client }: Invocation): Promise<string> {
	const { packContext } = await import('../copy/context.ts');
	const { archive, dockerfile } = await packContext(directory, options.file);
	const context = await client.builds.send(archive);
	const progress = new Progress('stderr');
	const show = options.quiet ? () => {} : (content: Buffer) => progress.take(content);
	return await client.builds
		.build(buildConfig({ context, dockerfile }, options), show)
		.finally(() => progress.endLine());
}

async function drawn({ args: [directory = ''], options, client }: Invocation): Promise<string> {
	const { packContext } = await import('../copy/context.ts');
	const { archive, dockerfile } = await packContext(directory, options.file);
	const progress = new BuildProgress();
	const show = (content: Buffer) => {
		const frame = frameIn(content.toString('utf8'));
		if (frame) progress.take(frame);
		else progress.note(content.toString('utf8'));
	};
	try {
		const context = await client.builds.send(counted(archive, (bytes) => progress.sent(bytes)));
		const config = { ...buildConfig({ context, dockerfile }, options), events: true };
		const id = await client.builds.build(config, show);
		progress.end('built');
		return id;
	} catch (error) {
		progress.end('failed');
		throw error;
	}
}

/** Undefined for text, of a daemon that knows no such frames. */
function frameIn(text: string): BuildFrame | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && value !== null && 'type' in value ? (value as BuildFrame) : undefined;
	} catch {
		return undefined;
	}
}

function counted(archive: Readable, count: (bytes: number) => void): Readable {
	const chunks = async function* () {
		for await (const chunk of archive as AsyncIterable<Buffer>) {
			count(chunk.length);
			yield chunk;
		}
	};
	return Readable.from(chunks(), { objectMode: false });
}
