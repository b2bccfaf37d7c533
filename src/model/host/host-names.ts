/** An address and the names that it has, as in a line of hosts(5). */
export interface NameEntry {
	/** Without prefix. */
	readonly address: string;
	/** The first one is the name that the address leads back to. */
	readonly names: readonly string[];
}

/** The names of the running members of a network. */
export interface NetworkNames {
	/** Id. */
	readonly network: string;
	/** For people. */
	readonly name: string;
	readonly entries: readonly NameEntry[];
}
