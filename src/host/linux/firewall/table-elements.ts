/** Elements of the sets and maps of our table, and parts that are nothing else. */

import type { ApplyOptions } from '#host/driver.ts';
import type {
	AsymmetricSourcePart,
	FilterMemberPart,
	NetworkFilterPart,
	SourceLimitPart,
} from '#model/parts/network-filter.ts';
import type { PublishedPortsPart } from '#model/parts/published-ports.ts';
import { hasCode } from '#os/errno.ts';
import type { NftTable } from '#os/linux/netlink/filter/nft-table.ts';
import { NftablesError } from '#os/linux/nftables.ts';
import { typeOf } from './base.ts';
import type { Element } from './element.ts';
import { elementRemoval, renderElements } from './rules.ts';

export type FilterPart =
	| NetworkFilterPart
	| FilterMemberPart
	| AsymmetricSourcePart
	| SourceLimitPart
	| PublishedPortsPart;

/** Each change is one transaction, whose cost is that of the elements alone: libnftables looks at all chains and sets first. */
export class TableElements {
	readonly #table: NftTable;

	constructor(table: NftTable) {
		this.#table = table;
	}

	add(elements: readonly Element[]): void {
		this.#table.add(elements.map(typed));
	}

	/** Remove the rest one by one if some elements are already gone. */
	remove(elements: readonly Element[]): void {
		try {
			this.#table.remove(elements.map(typed));
		} catch (error) {
			if (!isMissing(error)) throw error;
			for (const element of elements.length > 1 ? elements : []) this.remove([element]);
		}
	}

	/** Those that are there are taken out first: an element keeps the limit that it was made with. */
	replace(elements: readonly Element[], old: readonly Element[]): void {
		try {
			this.#table.addNew(elements.map(typed));
		} catch (error) {
			if (!hasCode(error, 'EEXIST')) throw error;
			this.remove(old);
			this.add(elements);
		}
	}

	/** Returns the handler of a kind of part that is nothing but elements. */
	handlerOf<P extends FilterPart>(elementsOf: (part: P) => Element[]) {
		return {
			make: (part: P, { found }: ApplyOptions) => (found ? undefined : this.add(elementsOf(part))),
			unmake: (part: P) => this.remove(elementsOf(part)),
			describe: (verb: 'make' | 'unmake', part: P) => {
				const elements = elementsOf(part);
				return nftLines(verb === 'make' ? renderElements(elements) : elementRemoval(elements).join('\n'));
			},
		};
	}
}

function typed({ set, element }: Element) {
	return { set, element, type: typeOf(set) };
}

export function isMissing(error: unknown): boolean {
	return error instanceof NftablesError ? error.isMissing : hasCode(error, 'ENOENT');
}

export function nftLines(commands: string): string[] {
	return commands
		.split('\n')
		.filter((line) => line !== '')
		.map((line) => `nft ${line}`);
}
