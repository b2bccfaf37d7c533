import type { Image, ImageCreateConfig, ImageHistory } from '#api/images.ts';
import { usageError } from '../failure.ts';
import { type Action, each } from '../invocation.ts';
import { printList } from '../list/print.ts';
import { type ImageCreateOptions, imageConfig } from '../parse/image.ts';
import { age } from '../render/age.ts';
import { renderJson } from '../render/json.ts';
import { bytes, line, lines, terminalWidth } from '../render/output.ts';
import { size as renderSize } from '../render/size.ts';
import { type Column, renderTable } from '../render/table.ts';
import type { Listing } from '../syntax/options.ts';
import { confirmRemoval, printRemoved } from './prune.ts';

function columns(now: number, digests: boolean): readonly Column<Image>[] {
	return [
		{ title: 'ID', cell: ({ id }) => id },
		{ title: 'NAME', cell: ({ name }) => name, shrinks: true },
		{ title: 'TAG', cell: ({ tag }) => tag, shrinks: true },
		...(digests ? [{ title: 'DIGEST', cell: ({ digest }: Image) => digest }] : []),
		{ title: 'CREATED', cell: ({ created }) => age(created, now), shrinks: true },
		{ title: 'SIZE', cell: ({ size }) => sizeOf(size) },
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

export const list: Action<Listing & { digests?: boolean }> = async ({ options, settings, client }) => {
	printList(await client.images.list(), columns(Date.now(), options.digests ?? false), ({ id }) => id, {
		options,
		settings,
	});
};

export const inspect: Action<object> = async ({ args: [image = ''], client }) => {
	line(renderJson(await client.images.inspect(image)));
};

export const remove: Action<object> = ({ args, client }) =>
	each(args, async (image) => line(await client.images.remove(image)));

export const tag: Action<object> = async ({ args: [image = '', nametag = ''], client }) => {
	line(await client.images.tag(image, nametag));
};

/** Newest first, as other tools have it. */
export const history: Action<{ json?: boolean }> = async ({ args: [name = ''], options, settings, client }) => {
	const { history: steps } = await client.images.inspect(name);
	const now = Date.now();
	const columns: readonly Column<ImageHistory>[] = [
		{ title: 'LAYER', cell: ({ layer }) => layer },
		{ title: 'CREATED', cell: ({ created }) => (created === '' ? '' : age(created, now)) },
		{ title: 'SIZE', cell: ({ size }) => sizeOf(size) },
		{ title: 'INSTRUCTION', cell: ({ instruction }) => instruction.replaceAll(/\s+/g, ' '), shrinks: true },
	];
	if (options.json) line(renderJson(steps));
	else lines(renderTable(columns, steps.toReversed(), { theme: settings.theme, width: terminalWidth() }));
};

/** Unknown also where the daemon does not tell. */
function sizeOf(size: number | null | undefined): string {
	return typeof size === 'number' ? renderSize(size) : '?';
}

export const prune: Action<{ all?: boolean; force?: boolean; dryRun?: boolean }> = async ({ options, client }) => {
	if (options.dryRun) {
		const { images, bytes } = await client.images.prunable({ all: options.all ?? false });
		lines([...images, `${images.length} ${images.length === 1 ? 'image' : 'images'}, ${renderSize(bytes)}`]);
		return;
	}
	await confirmRemoval('unused images', options);
	printRemoved(await client.images.prune({ all: options.all ?? false }));
};
