import { type ErrorParts, KleeneError } from '#errors/kleene-error.ts';
import type { HostFacts } from '#host/driver.ts';
import type { Container } from '#model/container.ts';
import type { Image } from '#model/image.ts';
import type { Network } from '#model/network.ts';
import type { Store } from '#store/store.ts';

interface Finder<T> {
	byName(name: string): T | undefined;
	/** At most two. */
	byIdPrefix(prefix: string): T[];
}

const ID_PREFIX = /^[0-9a-f]{1,12}$/;

/** A full name, or the leading part of exactly one id. A name wins over an id. */
function find<T>(kind: string, finder: Finder<T>, identifier: string): T | undefined {
	const named = identifier === '' ? undefined : finder.byName(identifier);
	if (named || !ID_PREFIX.test(identifier)) return named;
	const [one, other] = finder.byIdPrefix(identifier);
	if (other)
		throw new KleeneError({
			code: 'AMBIGUOUS',
			what: `cannot tell which ${kind} '${identifier}' means`,
			why: 'several ids begin with it',
			hint: 'type more of the id, or the name',
		});
	return one;
}

/** @param message the contract's text of this endpoint for "there is none", where it differs. */
export function findContainer(store: Store, identifier: string, message = 'container not found'): Container {
	const container = find('container', store.containers, identifier);
	if (container) return container;
	throw noSuchContainer(identifier, message);
}

/** By an id that was found before, e.g. ahead of waiting for a lock: a name may read like an id, and would win. */
export function requireContainer(store: Store, id: string, message = 'container not found'): Container {
	const container = store.containers.get(id);
	if (container) return container;
	throw noSuchContainer(id, message);
}

function noSuchContainer(identifier: string, message: string): KleeneError {
	const hint = 'see "klee container ls -a" for those there are';
	return missing('NO_SUCH_CONTAINER', 'container', identifier, message, hint);
}

export function findNetwork(store: Store, identifier: string, message = 'network not found'): Network {
	const network = find('network', store.networks, identifier);
	if (network) return network;
	throw noSuchNetwork(identifier, message);
}

/** See `requireContainer`. */
export function requireNetwork(store: Store, id: string, message = 'network not found'): Network {
	const network = store.networks.get(id);
	if (network) return network;
	throw noSuchNetwork(id, message);
}

function noSuchNetwork(identifier: string, message: string): KleeneError {
	return missing('NO_SUCH_NETWORK', 'network', identifier, message, 'see "klee network ls" for those there are');
}

export function findImage(store: Store, identifier: string, message = 'image not found'): Image {
	const image = lookUpImage(store, identifier);
	if (image) return image;
	throw noSuchImage(identifier, message);
}

export function noSuchImage(identifier: string, message: string): KleeneError {
	return missing('NO_SUCH_IMAGE', 'image', identifier, message, 'see "klee image ls" for those there are');
}

function missing(
	code: ErrorParts['code'],
	kind: string,
	identifier: string,
	message: string,
	hint: string,
): KleeneError {
	const why = `no ${kind} has the name or id '${identifier.slice(0, 80)}'`;
	return new KleeneError({ code, what: message.trim(), why, hint, message });
}

function lookUpImage(store: Store, identifier: string): Image | undefined {
	const byName = (text: string) => {
		const { name, tag } = parseNametag(text);
		return store.images.byNametag(name, tag);
	};
	const byIdPrefix = (prefix: string) => store.images.byIdPrefix(prefix);
	return find('image', { byName, byIdPrefix }, identifier);
}

/** An image, and the layer that files are to stand on: its top one, or that of a snapshot. */
export interface ImageReference {
	readonly image: Image;
	/** Id. */
	readonly layer: string;
}

/** The image that a container is to be made from: `NAME[:TAG]` or an id, with `@SNAPSHOT` where an earlier state is meant. */
export function requireImage(store: Store, reference: string, facts: HostFacts): ImageReference {
	const [named = '', snapshot] = reference.split('@', 2);
	const image = named === '' ? undefined : lookUpImage(store, named);
	if (!image) throw imageIsMissing(reference, facts);
	if (snapshot === undefined) return { image, layer: image.layer };
	const layer = store.layers.chainIds(image.layer).find((id) => id === snapshot);
	if (layer !== undefined) return { image, layer };
	throw new KleeneError({
		code: 'NO_SUCH_IMAGE',
		what: `cannot use '${reference.slice(0, 80)}'`,
		why: `image ${named} has no snapshot ${snapshot.slice(0, 80)}`,
		hint: `see "klee image inspect ${named}" for its snapshots`,
		message: `no such snapshot '${reference}'`,
	});
}

/** The image that a container was made from. */
export function imageOf(store: Store, { imageId }: Pick<Container, 'imageId'>, facts: HostFacts): Image {
	const image = store.images.get(imageId);
	if (image) return image;
	throw imageIsMissing(imageId, facts);
}

function imageIsMissing(reference: string, facts: HostFacts): KleeneError {
	return new KleeneError({
		code: 'NO_SUCH_IMAGE',
		what: 'cannot create the container',
		...adviceOnMissingImage(reference, facts),
		message: `no such image '${reference}'`,
	});
}

function adviceOnMissingImage(reference: string, facts: HostFacts): { why: string; hint: string } {
	const own = facts.release.split(' ')[0] ?? facts.release;
	const missing = `no such image '${reference.slice(0, 80)}'`;
	const make = (name: string) => `klee image create -t ${name} fetch-auto`;
	if (/^freebsd/i.test(reference) && facts.os !== 'freebsd')
		return {
			why: `${missing}; and this host runs ${facts.release}, whose kernel cannot run FreeBSD programs`,
			hint: `make an image of this host's own system with "${make(own)}" and use ${own}, or point --host at a kleened on FreeBSD`,
		};
	return {
		why: missing,
		hint: `see "klee image ls"; "${make(own)}" makes one named ${own} from this host's own release`,
	};
}

/** Registries are named in front, with a port where they have one: `localhost:5000/web`. */
const NAME = /^(?:[a-zA-Z0-9.-]+:[0-9]{1,5}\/)?[a-zA-Z0-9_][a-zA-Z0-9_./-]{0,127}$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}$/;

/** `''` is untagged; the tag defaults to `latest`. */
export function parseNametag(text: string): { readonly name: string; readonly tag: string } {
	if (text === '') return { name: '', tag: '' };
	const colon = text.lastIndexOf(':');
	const tagged = colon > text.lastIndexOf('/');
	const name = tagged ? text.slice(0, colon) : text;
	const tag = tagged ? text.slice(colon + 1) : 'latest';
	if (!NAME.test(name) || !TAG.test(tag))
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot use '${text.slice(0, 140)}' as an image name`,
			why: 'it is NAME or NAME:TAG, of letters, digits, "_", "." and "-"',
			hint: 'choose a name such as web:v1',
		});
	return { name, tag };
}
