/**
 * Checks whether concurrent operations on one object can be put into an order that explains all their outcomes: each has
 * to take effect between the moments when it began and when it ended (linearizability, Herlihy and Wing 1990).
 */

/** An operation with its outcome, as one object saw it. */
export interface Move {
	/** Position in the order of all beginnings and ends. */
	readonly began: number;
	readonly ended: number;
	/** Whether it leaves every state as it is. */
	readonly reads: boolean;
	/** For reports, e.g. `client 3: stop web: CONTAINER_NOT_RUNNING`. */
	readonly what: string;
	/** @returns the state that it leaves, undefined where it cannot have had this outcome in this state */
	next(state: string): string | undefined;
}

/** A possible past: the state, and the moves that have not ended and took effect already. */
interface Past {
	readonly state: string;
	readonly done: ReadonlySet<Move>;
}

/** @returns the moves around the first one that nothing explains, the last of them that one; undefined: all are explained */
export function unexplained(moves: readonly Move[], initial: string): readonly string[] | undefined {
	const ends = moves.toSorted((one, other) => one.ended - other.ended);
	let pasts: readonly Past[] = [{ state: initial, done: new Set() }];
	for (const [index, move] of ends.entries()) {
		const pending = ends.slice(index).filter(({ began }) => began < move.ended);
		pasts = unique(pasts.flatMap((past) => explained(past, move, pending)));
		if (pasts.length === 0) return ends.slice(Math.max(0, index - 12), index + 1).map(({ what }) => what);
	}
	return undefined;
}

/** Pasts in which a move that ends now has taken effect. */
function explained(past: Past, move: Move, pending: readonly Move[]): Past[] {
	if (past.done.has(move)) return [{ ...past, done: without(past.done, move) }];
	const seen = new Set<string>();
	const found: Past[] = [];
	const search = (past: Past) => {
		const { state, done } = withReads(past, pending);
		const key = keyOf({ state, done }, pending);
		if (seen.has(key)) return;
		seen.add(key);
		if (done.has(move)) return void found.push({ state, done: without(done, move) });
		for (const next of pending) {
			const after = done.has(next) ? undefined : next.next(state);
			if (after !== undefined) search({ state: after, done: new Set([...done, next]) });
		}
	};
	search(past);
	return found;
}

/** All that change nothing and may take effect now do: to wait with them opens no further way. */
function withReads({ state, done }: Past, pending: readonly Move[]): Past {
	const reads = pending.filter((move) => move.reads && move.next(state) !== undefined);
	return { state, done: new Set([...done, ...reads]) };
}

function without(done: ReadonlySet<Move>, move: Move): ReadonlySet<Move> {
	return new Set([...done].filter((one) => one !== move));
}

function keyOf({ state, done }: Past, pending: readonly Move[]): string {
	return `${state} ${pending.map((move) => (done.has(move) ? 1 : 0)).join('')}`;
}

function unique(pasts: readonly Past[]): Past[] {
	const byKey = new Map(
		pasts.map((past) => [
			`${past.state} ${[...past.done]
				.map(({ began }) => began)
				.sort()
				.join()}`,
			past,
		]),
	);
	return [...byKey.values()];
}
