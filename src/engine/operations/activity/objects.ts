import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import type { Store } from '#store/store.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer, findImage, findNetwork } from '../../identify.ts';

export type ObjectKind = 'container' | 'image' | 'network' | 'volume';

/** `id` of a volume is its name. */
export interface FoundObject {
	readonly kind: ObjectKind;
	readonly id: string;
}

const FINDERS: readonly ((store: Store, identifier: string) => FoundObject | undefined)[] = [
	(store, identifier) => ({ kind: 'container', id: findContainer(store, identifier).id }),
	(store, identifier) => ({ kind: 'image', id: findImage(store, identifier).id }),
	(store, identifier) => ({ kind: 'network', id: findNetwork(store, identifier).id }),
	(store, identifier) => store.volumes.get(identifier) && { kind: 'volume', id: identifier },
];

export class ObjectOperations {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/** The object of any kind that has a name or id. @throws NO_SUCH_OBJECT, AMBIGUOUS */
	find(identifier: string): FoundObject {
		const { store } = this.#context;
		const found = FINDERS.flatMap((finder) => unlessMissing(() => finder(store, identifier)) ?? []);
		const [one, other] = found;
		const name = identifier.slice(0, 80);
		if (one === undefined)
			throw new KleeneError({
				code: 'NO_SUCH_OBJECT',
				what: `cannot find '${name}'`,
				why: 'no container, image, network or volume has this name or id',
				hint: 'see "klee ps -a", "klee images", "klee network ls" and "klee volume ls"',
			});
		if (other === undefined) return one;
		throw new KleeneError({
			code: 'AMBIGUOUS',
			what: `cannot tell which object '${name}' means`,
			why: `there is ${found.map(({ kind, id }) => (kind === 'volume' ? 'a volume' : `${kind} ${id}`)).join(', ')}`,
			hint: `name the kind: ${found.map(({ kind }) => `"klee ${kind} inspect ${name}"`).join(' or ')}`,
		});
	}
}

/** That a text is no name of an image is no reason to refuse it here. */
function unlessMissing<T>(find: () => T): T | undefined {
	try {
		return find();
	} catch (error) {
		const missing = isKleeneError(error) && (error.code.startsWith('NO_SUCH_') || error.code === 'INVALID_ARGUMENT');
		if (missing) return undefined;
		throw error;
	}
}
