/** Earlier formats of records, brought to the one of now as the migrations of the database do. */
import { EMPTY_CONFIG, type Image } from '#model/image.ts';
import type { Layer } from '#model/layer.ts';
import type { Records } from './records.ts';

/** Of what the files hold. A newer one is not read. */
export const FORMAT = 4;

/** Plain data of some earlier format. */
type Old = { readonly [key: string]: unknown };

/** Text of a file that is of an earlier format or of this one, as the content of this one. @throws SyntaxError */
export function readRecord(text: string): object | undefined {
	const { format, ...record } = JSON.parse(renamedAlias(text)) as Old;
	if (format === FORMAT) return record;
	if (format === 3) return withAutoRemove(record);
	return format === 1 || format === 2 ? withAutoRemove(withLayers(record)) : undefined;
}

/** In format 3 no container was removed by itself. */
function withAutoRemove({ container, ...record }: Old): Old {
	return container === undefined ? record : { ...record, container: { ...(container as Old), autoRemove: false } };
}

/** Format 1 had another kind for the part of an ipnet address. */
function renamedAlias(text: string): string {
	return text.startsWith('{"format":1,') ? text.replaceAll('"kind":"alias"', '"kind":"ipnet-address"') : text;
}

/** In format 2 an image was one set of files, named after it. */
function withLayers(record: Old): Old {
	const { image, container, parts } = record as { image?: Old; container?: Old; parts?: readonly Old[] };
	if (image) return { ...record, image: imageWithLayer(image) };
	if (!container) return record;
	return { ...record, container: { ...container, layer: container.imageId }, parts: (parts ?? []).map(partWithLayers) };
}

function imageWithLayer({ cmd, env, user, instructions: _, ...rest }: Old): object {
	const { id, dataset } = rest;
	const place = String(dataset).replace(/(^|\/)image(s?)(\/[^/]+)$/, '$1layer$2$3');
	const config = { ...EMPTY_CONFIG, cmd, env, user };
	return { ...rest, layer: id, config, history: [], digest: '', dataset: place };
}

function partWithLayers({ image, ...part }: Old): Old {
	return image === undefined ? part : { ...part, layers: [image] };
}

/** Records of an earlier format have no layers: they are those of their images. */
export function completed(records: Records): Records {
	const known = new Set(records.layers.map(({ layer }) => layer.id));
	const missing = records.images.filter(({ image }) => image.layer === image.id && !known.has(image.id));
	return { ...records, layers: [...records.layers, ...missing.map(({ image }) => ({ layer: onlyLayerOf(image) }))] };
}

function onlyLayerOf({ layer, created }: Image): Layer {
	return { id: layer, parent: null, diffId: '', cacheKey: '', size: null, created };
}
