/**
 * Where everything is on the map: networks are cards in columns, each with its segment in the middle and containers on both
 * sides of it. What has a place keeps it: a container that goes leaves a gap that the next one takes, a new network goes
 * below the shortest column, and a card that grows moves only what is below it.
 */

/** Sizes in pixels of the map, before zooming. */
export const TILE = { width: 176, height: 58, gap: 10 } as const;
export const CARD = { width: 2 * 176 + 92, padding: 14, head: 58, gap: 34 } as const;
export const TOP = { outside: 40, host: 132, cards: 214, left: 60 } as const;

export interface Member {
	readonly id: string;
	/** Networks in the order of connecting; the first one is where it is drawn. */
	readonly networks: readonly string[];
}

export interface Spot {
	readonly x: number;
	readonly y: number;
}

export interface CardPlace extends Spot {
	readonly height: number;
	/** Ids of containers by their place in the card, left and right in turn; undefined: a gap. */
	readonly slots: readonly (string | undefined)[];
}

export interface Layout {
	/** By the id of the network; `''`: containers on no network. */
	readonly cards: ReadonlyMap<string, CardPlace>;
	/** Upper left corners, by the id of the container. */
	readonly tiles: ReadonlyMap<string, Spot>;
	/** Columns of network ids, from top to bottom. */
	readonly columns: readonly (readonly string[])[];
	readonly width: number;
	readonly height: number;
}

export const EMPTY: Layout = { cards: new Map(), tiles: new Map(), columns: [], width: 0, height: 0 };

/** Containers on no network have a card of their own. */
export const UNCONNECTED = '';

/**
 * @param networks ids in the order of creation
 * @param aspect width by height of the window: how many columns there are at first
 */
export function place(before: Layout, networks: readonly string[], members: readonly Member[], aspect: number): Layout {
	const slots = slotsOf(before, networks, members);
	const columns = columnsOf(before, slots, aspect);
	const cards = new Map<string, CardPlace>();
	const tiles = new Map<string, Spot>();
	let height: number = TOP.cards;
	for (const [index, column] of columns.entries()) {
		let y = TOP.cards;
		for (const network of column) {
			const card = cardAt({ x: TOP.left + index * (CARD.width + CARD.gap), y }, slots.get(network) ?? []);
			cards.set(network, card);
			for (const [slot, id] of card.slots.entries()) if (id !== undefined) tiles.set(id, tileAt(card, slot));
			y += card.height + CARD.gap;
		}
		height = Math.max(height, y);
	}
	const width = TOP.left + Math.max(1, columns.length) * (CARD.width + CARD.gap);
	return { cards, tiles, columns, width, height };
}

function slotsOf(
	before: Layout,
	networks: readonly string[],
	members: readonly Member[],
): Map<string, (string | undefined)[]> {
	const known = new Set(networks);
	const homes = new Map<string, string[]>(networks.map((id) => [id, []]));
	for (const { id, networks: own } of members) {
		const home = own.find((network) => known.has(network)) ?? UNCONNECTED;
		homes.set(home, [...(homes.get(home) ?? []), id]);
	}
	return new Map([...homes].map(([network, ids]) => [network, kept(before.cards.get(network)?.slots ?? [], ids)]));
}

/** Those that were there stay, new ones take gaps or come after them. */
function kept(before: readonly (string | undefined)[], ids: readonly string[]): (string | undefined)[] {
	const present = new Set(ids);
	const slots = before.map((id) => (id !== undefined && present.has(id) ? id : undefined));
	const placed = new Set(slots);
	for (const id of ids.filter((id) => !placed.has(id))) {
		const gap = slots.indexOf(undefined);
		slots[gap === -1 ? slots.length : gap] = id;
	}
	while (slots.length > 0 && slots.at(-1) === undefined) slots.pop();
	return slots;
}

function columnsOf(before: Layout, slots: ReadonlyMap<string, readonly unknown[]>, aspect: number): string[][] {
	const columns = before.columns.map((column) => column.filter((network) => slots.has(network)));
	const heightOf = (network: string) => cardHeight(slots.get(network)?.length ?? 0) + CARD.gap;
	const heights = columns.map((column) => column.reduce((sum, network) => sum + heightOf(network), 0));
	const placed = new Set(columns.flat());
	const wanted = wantedColumns([...slots.keys()].map(heightOf), aspect);
	for (const network of slots.keys()) {
		if (placed.has(network)) continue;
		if (columns.length < wanted) {
			columns.push([]);
			heights.push(0);
		}
		const shortest = heights.indexOf(Math.min(...heights));
		columns[shortest]?.push(network);
		heights[shortest] = (heights[shortest] ?? 0) + heightOf(network);
	}
	return columns;
}

/** So many that the map has about the form of the window. */
function wantedColumns(heights: readonly number[], aspect: number): number {
	const total = heights.reduce((sum, height) => sum + height, 0);
	return Math.max(1, Math.min(heights.length, Math.round(Math.sqrt((aspect * total) / (CARD.width + CARD.gap)))));
}

function cardHeight(slots: number): number {
	const rows = Math.max(1, Math.ceil(slots / 2));
	return CARD.head + rows * (TILE.height + TILE.gap) + CARD.padding;
}

function cardAt({ x, y }: Spot, slots: readonly (string | undefined)[]): CardPlace {
	return { x, y, height: cardHeight(slots.length), slots };
}

function tileAt({ x, y }: Spot, slot: number): Spot {
	const right = slot % 2 === 1;
	const row = Math.floor(slot / 2);
	return {
		x: right ? x + CARD.width - CARD.padding - TILE.width : x + CARD.padding,
		y: y + CARD.head + row * (TILE.height + TILE.gap),
	};
}

/** Middle of the segment of a card, in x. */
export function segmentOf({ x }: Spot): number {
	return x + CARD.width / 2;
}
