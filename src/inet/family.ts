/** The two families of Internet addresses. */
export type Family = 4 | 6;

export const FAMILIES: readonly Family[] = [4, 6];

/** Something of each family that is used; absent: the family is not used. */
export type PerFamily<T> = { readonly [F in Family]?: T };

/** The families that are used, in order, each with what it has. */
export function familyEntries<T>(each: PerFamily<T>): [Family, T][] {
	return FAMILIES.flatMap((family): [Family, T][] => {
		const own = each[family];
		return own === undefined ? [] : [[family, own]];
	});
}

/** Bits of an address: 32 or 128. */
export function widthOf(family: Family): number {
	return family === 4 ? 32 : 128;
}

/** Family of text that is known to be an address, with or without prefix, or a block. Nothing is checked. */
export function familyOf(text: string): Family {
	return text.includes(':') ? 6 : 4;
}

/** Name of a family in BSD tools and in rules of pf. */
export function familyWord(family: Family): 'inet' | 'inet6' {
	return family === 4 ? 'inet' : 'inet6';
}
