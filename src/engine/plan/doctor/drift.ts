import type { ObservedDifference } from '#model/host/observed.ts';
import { absenceOf, type ComparedPart, identityOf, isCompared, type Part, providedBy, standsOn } from '#model/part.ts';
import { make, type Step, unmake } from '#model/step.ts';
import { type Fault, faultOf, wentUnseen } from './fault.ts';
import { type Examination, type Finding, hintOfRepair, type Owner } from './finding.ts';
import { HostView } from './host-view.ts';

/** A part with those it belongs to. */
export interface OwnedPart {
	readonly part: ComparedPart;
	readonly owner: Owner;
	/** For people. */
	readonly subject: string;
}

/** A finding while what stands on its part is still being gathered. */
interface Draft {
	readonly part: ComparedPart;
	readonly subject: string;
	readonly fault: Fault;
	readonly steps: Step[];
	/** By kind and id. */
	readonly owners: Map<string, Owner>;
}

/** Expected parts of which something is missing or different, what stands on a missing part together with that part. */
export function findDrift(examination: Examination): Finding[] {
	const view = new HostView(examination.observed, examination.traits);
	const saidByHost = new Map(examination.observed.comparison?.differing.map((one) => [one.part, faultSaid(one)]));
	const drafts: Draft[] = [];
	/** By the names of what is missing. */
	const missing = new Map<string, Draft>();
	for (const { part, owner, subject } of expectedParts(examination)) {
		const base = standsOn(part).find((name) => missing.has(name));
		const fault = faultOf(part, view) ?? saidByHost.get(part) ?? (base ? wentUnseen(part) : undefined);
		if (!fault) continue;
		const draft: Draft = missing.get(base ?? '') ?? { part, subject, fault, steps: [], owners: new Map() };
		if (draft.part === part) drafts.push(draft);
		// On what is another one nothing is made, either.
		const byHand = draft.part !== part && draft.fault.steps?.length === 0;
		draft.steps.push(...(byHand ? [] : (fault.steps ?? [make(part)])));
		draft.owners.set(`${owner.kind} ${owner.id}`, owner);
		if (fault.missing) for (const name of providedBy(part)) missing.set(name, draft);
	}
	return drafts.map((draft) => findingOf(draft, view));
}

function faultSaid({ part, what, instead = [] }: ObservedDifference): Fault {
	return { what, steps: [...instead.map(unmake), make(part)] };
}

function findingOf({ part, subject, fault, steps, owners }: Draft, { customs }: HostView): Finding {
	const { severity, different, why } = absenceOf(part);
	const more = steps.length > (fault.steps?.length ?? 1);
	return {
		kind: 'drift',
		about: identityOf(part),
		severity: (fault.steps && different) || severity,
		subject,
		what: more ? `${fault.what}, and with it what stands on it` : fault.what,
		why,
		hint: hintOfRepair(steps, fault.hint ?? customs.look),
		steps,
		owners: [...owners.values()],
	};
}

/** Networks first, as they are made; without what is being made or unmade at this moment. */
function expectedParts({ networks, runs, inFlight, observed }: Examination): OwnedPart[] {
	const busy = new Set(inFlight.map((part) => JSON.stringify(part)));
	const alive = new Set(observed.sandboxes.filter(({ running }) => running).map(({ container }) => container));
	const ofNetworks = networks.flatMap(({ network, parts }) => owned('network', network, parts));
	const ofRuns = runs.filter(({ id }) => alive.has(id)).flatMap((run) => owned('container', run, run.parts));
	return [...ofNetworks, ...ofRuns].filter(({ part }) => !busy.has(JSON.stringify(part)));
}

function owned(kind: Owner['kind'], { id, name }: { id: string; name: string }, parts: readonly Part[]): OwnedPart[] {
	const owner = { kind, id };
	return parts.filter(isCompared).map((part) => ({ part, owner, subject: `${kind} ${name}` }));
}
