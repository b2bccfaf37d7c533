/** What doctor finds wrong, kept up to date while somebody looks. */
import { computed, effect, signal } from '@preact/signals';
import type { Diagnosis, Finding, RepairResponse } from '#api/diagnosis.ts';
import { type Refusal, refusalOf } from '../daemon/refusal.ts';
import { ask } from '../daemon/request.ts';
import { connection, view } from '../state/topology.ts';

/** Undefined until the daemon has said. */
export const findings = signal<readonly Finding[] | undefined>(undefined);
export const failure = signal<Refusal | undefined>(undefined);
export const repairing = signal(false);
/** Said by the last repair. */
export const outcome = signal('');

/** Findings by the name of what they concern: `network web`, `container db`, `host`. */
export const findingsBySubject = computed(() => Map.groupBy(findings.value ?? [], ({ subject }) => subject));

/** Milliseconds: after a change, and without one. */
const AFTER_CHANGE = 1500;
const EVERY = 60_000;

/** Looks again some time after each change of the map, as the examination costs the daemon more than the change. */
export function followFindings(): void {
	let timer: ReturnType<typeof setTimeout> | undefined;
	const later = (milliseconds: number) => {
		clearTimeout(timer);
		timer = setTimeout(look, milliseconds);
	};
	const look = () => {
		void examine().finally(() => later(EVERY));
	};
	effect(() => {
		void view.value;
		if (connection.value === 'live') later(AFTER_CHANGE);
	});
}

export async function examine(): Promise<void> {
	if (document.hidden) return;
	try {
		findings.value = (await ask<Diagnosis>('/networks/doctor')).findings;
		failure.value = undefined;
	} catch (error) {
		failure.value = refusalOf(error);
	}
}

export async function repair(): Promise<void> {
	repairing.value = true;
	try {
		const said = await ask<RepairResponse>('/networks/doctor/repair', { method: 'POST' });
		findings.value = said.findings;
		outcome.value = [`${said.repaired.length} repaired`, ...said.failures].join('; ');
		failure.value = undefined;
	} catch (error) {
		failure.value = refusalOf(error);
	} finally {
		repairing.value = false;
	}
}
