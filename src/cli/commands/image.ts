import type { Image, ImageCreateConfig } from '#api/images.ts';
import { usageError } from '../failure.ts';
import { type Action, each } from '../invocation.ts';
import { type ImageCreateOptions, imageConfig } from '../parse/image.ts';
import { age } from '../render/age.ts';
import { renderJson } from '../render/json.ts';
import { bytes, line, lines, terminalWidth } from '../render/output.ts';
import { type Column, renderTable } from '../render/table.ts';
import { confirmRemoval, printRemoved } from './prune.ts';

function columns(now: number): readonly Column<Image>[] {
	return [
		{ title: 'ID', cell: ({ id }) => id },
		{ title: 'NAME', cell: ({ name }) => name, shrinks: true },
		{ title: 'TAG', cell: ({ tag }) => tag, shrinks: true },
		{ title: 'CREATED', cell: ({ created }) => age(created, now), shrinks: true },
	];
}

export const create: Action<ImageCreateOptions> = async ({ args, options, client }) => {
	const [method, source, ...extra] = args;
	if (extra.length > 0)
		throw usageError(
			`too many arguments: ${extra.join(' ')}`,
			'an image has one source',
			'see klee image create --help',
		);
	const config = imageConfig(method as ImageCreateConfig['method'], source, options);
	const progress = new Progress('stdout');
	try {
		const id = await client.images.create(config, (content) => progress.take(content));
		progress.endLine();
		lines(['', 'image created', id]);
	} catch (error) {
		progress.endLine();
		throw error;
	}
};

/** Text as it comes; what follows it must begin on a line of its own. */
export class Progress {
	readonly #to: 'stdout' | 'stderr';
	#atLineStart = true;

	constructor(to: 'stdout' | 'stderr') {
		this.#to = to;
	}

	take(content: Buffer): void {
		if (content.length === 0) return;
		bytes(this.#to, content);
		this.#atLineStart = content.at(-1) === 0x0a;
	}

	endLine(): void {
		if (!this.#atLineStart) bytes(this.#to, Buffer.from('\n'));
		this.#atLineStart = true;
	}
}

export const list: Action<{ json?: boolean }> = async ({ options, settings, client }) => {
	const images = await client.images.list();
	if (options.json) line(renderJson(images));
	else lines(renderTable(columns(Date.now()), images, { theme: settings.theme, width: terminalWidth() }));
};

export const inspect: Action<object> = async ({ args: [image = ''], client }) => {
	line(renderJson(await client.images.inspect(image)));
};

export const remove: Action<object> = ({ args, client }) =>
	each(args, async (image) => line(await client.images.remove(image)));

export const tag: Action<object> = async ({ args: [image = '', nametag = ''], client }) => {
	line(await client.images.tag(image, nametag));
};

export const prune: Action<{ all?: boolean; force?: boolean }> = async ({ options, client }) => {
	await confirmRemoval('unused images', options);
	printRemoved(await client.images.prune({ all: options.all ?? false }));
};
