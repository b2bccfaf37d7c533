import { KleeneError } from '#errors/kleene-error.ts';
import type { Container } from '#model/container.ts';
import type { Network } from '#model/network.ts';
import type { Store } from '#store/store.ts';

/**
 * Refuses a name on a network on which another container has it in another case: DNS knows no case.
 *
 * @param networks that the container is on, or is to be on
 * @throws KleeneError NAME_TAKEN
 */
export function requireDistinctName(
	store: Store,
	{ id, name }: Pick<Container, 'id' | 'name'>,
	networks: readonly Network[],
): void {
	const alike = store.containers.allByNameIgnoringCase(name).filter((other) => other.id !== id);
	for (const network of networks.filter(({ dns }) => dns)) {
		const other = alike.find((one) => store.endpoints.find(one.id, network.id));
		if (other)
			throw new KleeneError({
				code: 'NAME_TAKEN',
				what: `cannot use the name ${name} on network ${network.name}`,
				why: `container ${other.name} is on it, and names are resolved without regard to case`,
				hint: 'choose another name, or another network',
			});
	}
}
