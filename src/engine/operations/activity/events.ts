import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import type { EngineContext } from '../../context.ts';
import { type EngineEvent, EVENT_KINDS, type EventsMissed } from '../../events.ts';
import { findContainer, findNetwork } from '../../identify.ts';

export interface EventSelection {
	/** Kinds, or their first words; none: all. */
	readonly types: readonly string[];
	/** Name or id. */
	readonly container: string | undefined;
	/** Name or id. */
	readonly network: string | undefined;
	/** ISO 8601 with microseconds, UTC. */
	readonly since: string | undefined;
	readonly until: string | undefined;
}

const MOST_MILLISECONDS = 2 ** 31 - 1;

export class EventOperations {
	readonly #context: EngineContext;

	constructor(context: EngineContext) {
		this.#context = context;
	}

	/**
	 * Events from now on, or from a time that is past, until `abandoned` is aborted.
	 *
	 * @throws INVALID_ARGUMENT for a type that there is not
	 */
	follow(selection: EventSelection, abandoned: AbortSignal): AsyncGenerator<EngineEvent | EventsMissed> {
		for (const type of selection.types) requireType(type);
		return this.#follow(selection, this.#filter(selection), abandoned);
	}

	async *#follow(
		{ since, until }: EventSelection,
		isWanted: (event: EngineEvent) => boolean,
		abandoned: AbortSignal,
	): AsyncGenerator<EngineEvent | EventsMissed> {
		const subscription = this.#context.events.subscribe({ since });
		const end = () => subscription.close();
		abandoned.addEventListener('abort', end, { once: true });
		const left = until === undefined ? undefined : Math.min(Date.parse(until) - Date.now(), MOST_MILLISECONDS);
		const timer = left === undefined ? undefined : setTimeout(end, Math.max(0, left)).unref();
		try {
			for await (const event of subscription) {
				if (event.kind === 'events-missed') yield event;
				else if (until !== undefined && event.at >= until) return;
				else if (isWanted(event)) yield event;
			}
		} finally {
			clearTimeout(timer);
			abandoned.removeEventListener('abort', end);
		}
	}

	#filter({ types, container, network }: EventSelection): (event: EngineEvent) => boolean {
		const { store } = this.#context;
		const [ofContainer, ofNetwork] = [
			container === undefined ? undefined : idOf(container, () => findContainer(store, container)),
			network === undefined ? undefined : idOf(network, () => findNetwork(store, network)),
		];
		return (event) =>
			(types.length === 0 || types.some((type) => isOfType(event.kind, type))) &&
			(ofContainer === undefined || concerns(event, 'container', ofContainer)) &&
			(ofNetwork === undefined || concerns(event, 'network', ofNetwork));
	}
}

/** An object that is gone already is found by what events say about it. */
function idOf(identifier: string, find: () => { readonly id: string }): string {
	try {
		return find().id;
	} catch (error) {
		if (isKleeneError(error)) return identifier;
		throw error;
	}
}

function concerns(event: EngineEvent, key: 'container' | 'network', sought: string): boolean {
	const fields: Readonly<Record<string, unknown>> = { ...event };
	return fields[key] === sought || (fields[key] !== undefined && fields.name === sought);
}

function isOfType(kind: string, type: string): boolean {
	return kind === type || kind.startsWith(`${type}-`);
}

function requireType(type: string): void {
	if (EVENT_KINDS.some((kind) => isOfType(kind, type))) return;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot select events of type '${type.slice(0, 80)}'`,
		why: 'there is no such type',
		hint: `choose from ${EVENT_KINDS.join(', ')}, or a first word such as container`,
	});
}
