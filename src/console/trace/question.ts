/** A question of the kind "does this reach that", and what the daemon says to it. */
import { computed, signal } from '@preact/signals';
import type { Trace } from '#api/diagnosis.ts';
import { type Refusal, refusalOf } from '../daemon/refusal.ts';
import { ask } from '../daemon/request.ts';
import { view } from '../state/topology.ts';
import { wayOf } from './way.ts';

export interface Question {
	/** Name of a container, `host` or `outside`; `''`: not chosen yet. */
	readonly source: string;
	readonly destination: string;
	/** `''`: ask by ICMP. */
	readonly port: string;
	readonly protocol: 'tcp' | 'udp';
}

export type Answer =
	| { readonly kind: 'asking' }
	| { readonly kind: 'refused'; readonly refusal: Refusal }
	| AnsweredTrace;
type AnsweredTrace = { readonly kind: 'answered'; readonly trace: Trace };

const NEW: Question = { source: '', destination: '', port: '', protocol: 'tcp' };

/** Undefined while nobody traces: a press on a container shows its details then. */
export const question = signal<Question | undefined>(undefined);
export const answer = signal<Answer | undefined>(undefined);

/** What the packet passes, as keys of objects of the map; empty without an answer. */
export const way = computed(() =>
	answer.value?.kind === 'answered' ? wayOf(answer.value.trace, view.value) : new Set(),
);

export function openTrace(): void {
	question.value = NEW;
	answer.value = undefined;
}

export function closeTrace(): void {
	question.value = undefined;
	answer.value = undefined;
}

/** Chooses by pointing: first where it begins, then where it leads. */
export function point(name: string): void {
	const { source, destination, ...rest } = question.value ?? NEW;
	if (source === '' || destination !== '') change({ ...rest, source: name, destination: '' });
	else {
		change({ ...rest, source, destination: name });
		void trace();
	}
}

export function change(next: Question): void {
	question.value = next;
	answer.value = undefined;
}

/** The last question counts, whatever comes first. */
export async function trace(): Promise<void> {
	const asked = question.value;
	if (!asked || asked.source === '' || asked.destination === '') return;
	answer.value = { kind: 'asking' };
	const { source, destination, port, protocol } = asked;
	const query = new URLSearchParams({
		source,
		destination: port === '' ? destination : `${destination}:${port}/${protocol}`,
	});
	const found = await ask<Trace>(`/networks/trace?${query}`).then(
		(trace): Answer => ({ kind: 'answered', trace }),
		(error: unknown): Answer => ({ kind: 'refused', refusal: refusalOf(error) }),
	);
	if (question.value === asked) answer.value = found;
}
