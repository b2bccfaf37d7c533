/** An element of a set or map of our table, in nft's own words. */
export interface Element {
	readonly set: string;
	/** A key, with a value or a limit where the set has such, e.g. `tcp . 80 : 10.4.6.2 . 80`. */
	readonly element: string;
}
