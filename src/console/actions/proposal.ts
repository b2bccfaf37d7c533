/** A change that was asked for: its dry run is shown, then it is made or dropped. */
import { signal } from '@preact/signals';
import { type Refusal, refusalOf } from '../daemon/refusal.ts';
import { type Change, perform, planOf } from './change.ts';

export interface Proposal {
	readonly change: Change;
	/** Undefined while the daemon works it out. */
	readonly plan?: readonly string[];
	readonly refusal?: Refusal;
	/** It is being made. */
	readonly busy: boolean;
}

export const proposal = signal<Proposal | undefined>(undefined);

export function propose(change: Change): void {
	const asked: Proposal = { change, busy: false };
	proposal.value = asked;
	planOf(change).then(
		(plan) => {
			if (proposal.value === asked) proposal.value = { ...asked, plan };
		},
		(error: unknown) => {
			if (proposal.value === asked) proposal.value = { ...asked, refusal: refusalOf(error) };
		},
	);
}

export function drop(): void {
	proposal.value = undefined;
}

export async function confirm(): Promise<void> {
	const asked = proposal.value;
	if (!asked || asked.busy) return;
	const { change, plan } = asked;
	proposal.value = { change, ...(plan && { plan }), busy: true };
	try {
		await perform(change);
		proposal.value = undefined;
	} catch (error) {
		proposal.value = { change, ...(plan && { plan }), refusal: refusalOf(error), busy: false };
	}
}
