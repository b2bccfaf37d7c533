import { signal } from '@preact/signals';

export interface Selection {
	readonly kind: 'container' | 'network';
	readonly id: string;
}

/** The object that details are shown of. */
export const selection = signal<Selection | undefined>(undefined);

export function select(kind: Selection['kind'], id: string): void {
	selection.value = { kind, id };
}
