import { isKleeneError } from '#errors/kleene-error.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import type { Store } from '#store/store.ts';
import type { EngineContext } from '../../context.ts';
import { findContainer, findNetwork } from '../../identify.ts';
import { AddressBook } from './addresses.ts';

export interface FlowSelection {
	/** Names or ids of containers or networks; empty: all. A flow fits when one of its ends does. */
	readonly of: readonly string[];
}

/** Ids of what is selected. @throws NO_SUCH_OBJECT for a name or id that nothing has */
export function selectedIds(store: Store, { of }: FlowSelection): Set<string> {
	return new Set(of.map((identifier) => idOf(store, identifier)));
}

function idOf(store: Store, identifier: string): string {
	try {
		return findContainer(store, identifier).id;
	} catch (error) {
		if (!isKleeneError(error)) throw error;
		return findNetwork(store, identifier).id;
	}
}

/** Holders of addresses as they are now. */
export async function bookOf({ store, driver }: EngineContext): Promise<AddressBook> {
	const { interfaces } = await driver.observe('addressing');
	const host = new Set(interfaces.flatMap(({ addresses }) => addresses.map(withoutPrefix)));
	return new AddressBook(store, host);
}
