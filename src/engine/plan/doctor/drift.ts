import { hostEnd } from '#model/cable.ts';
import type { ObservedDifference } from '#model/observed.ts';
import type { Part } from '#model/part.ts';
import { make, type Step, unmake } from '#model/step.ts';
import { type Fault, faultOf } from './fault.ts';
import { type Examination, type Finding, hintOfRepair, isNetworkPart } from './finding.ts';
import { HostView } from './host-view.ts';

/** A part with those it belongs to. */
export interface OwnedPart {
	readonly part: Part;
	/** Key of the lock, e.g. `network 2f1dc29b8f36`. */
	readonly owner: string;
	/** For people. */
	readonly subject: string;
}

/** A finding while what stands on its part is still being gathered. */
interface Draft {
	readonly part: Part;
	readonly subject: string;
	readonly fault: Fault;
	readonly steps: Step[];
	readonly owners: Set<string>;
}

/** Expected parts of which something is missing or different, what stands on a missing part together with that part. */
export function findDrift(examination: Examination): Finding[] {
	const view = new HostView(examination.observed, examination.traits);
	const saidByHost = new Map(examination.observed.comparison?.differing.map((one) => [one.part, faultSaid(one)]));
	const drafts: Draft[] = [];
	/** By the names of what is missing. */
	const missing = new Map<string, Draft>();
	for (const { part, owner, subject } of expectedParts(examination)) {
		const base = basesOf(part).find((name) => missing.has(name));
		const fault = faultOf(part, view) ?? saidByHost.get(part) ?? (base ? lostWithBase(part) : undefined);
		if (!fault) continue;
		const draft = missing.get(base ?? '') ?? { part, subject, fault, steps: [], owners: new Set() };
		if (draft.part === part) drafts.push(draft);
		draft.steps.push(...(fault.steps ?? [make(part)]));
		draft.owners.add(owner);
		if (fault.missing) for (const name of namesOf(part)) missing.set(name, draft);
	}
	return drafts.map((draft) => findingOf(draft, view));
}

function faultSaid({ part, what, instead = [] }: ObservedDifference): Fault {
	return { what, steps: [...instead.map(unmake), make(part)] };
}

/** A limit goes with its cable, and what lets the host itself reach a published port with the interface. */
function lostWithBase(part: Part): Fault | undefined {
	const goes = part.kind === 'rate-limit' || part.kind === 'published-ports';
	return goes ? { what: 'it went with its interface' } : undefined;
}

function findingOf({ part, subject, fault, steps, owners }: Draft, { customs }: HostView): Finding {
	const more = steps.length > (fault.steps?.length ?? 1);
	return {
		kind: 'drift',
		severity: severityOf(part, fault),
		subject,
		what: more ? `${fault.what}, and with it what stands on it` : fault.what,
		why: whyOf(part),
		hint: hintOfRepair(steps, fault.hint ?? customs.look),
		steps,
		owners: [...owners].sort(networksFirst),
	};
}

/** The order in which locks are taken everywhere. */
function networksFirst(one: string, other: string): number {
	return Number(one.startsWith('container')) - Number(other.startsWith('container'));
}

/** Networks first, as they are made; without what is being made or unmade at this moment. */
function expectedParts({ networks, runs, inFlight, observed }: Examination): OwnedPart[] {
	const busy = new Set(inFlight.map((part) => JSON.stringify(part)));
	const alive = new Set(observed.sandboxes.filter(({ running }) => running).map(({ container }) => container));
	const ofNetworks = networks.flatMap(({ network, parts }) =>
		parts.map((part) => ({ part, owner: `network ${network.id}`, subject: `network ${network.name}` })),
	);
	const ofRuns = runs
		.filter(({ id }) => alive.has(id))
		.flatMap(({ id, name, parts }) =>
			parts.map((part) => ({ part, owner: `container ${id}`, subject: `container ${name}` })),
		);
	return [...ofNetworks, ...ofRuns].filter(({ part }) => isNetworkPart(part) && !busy.has(JSON.stringify(part)));
}

/** What cannot be there without these: names of interfaces on the host. */
function basesOf(part: Part): string[] {
	switch (part.kind) {
		case 'interface-address':
			return [part.interface];
		case 'bridge-port':
			return [part.interface, part.bridge];
		case 'inside-address':
		case 'inside-route':
			return [`${part.container} ${part.interface}`];
		case 'alias':
			return [hostEnd(part.unit), part.interface];
		case 'rate-limit':
			return [hostEnd(part.unit)];
		case 'published-ports':
			return [part.interface];
		default:
			return [];
	}
}

function namesOf(part: Part): string[] {
	if (part.kind === 'network-interface') return [part.interface];
	return part.kind === 'epair' ? [hostEnd(part.unit), `${part.container} ${part.inside}`] : [];
}

function severityOf(part: Part, { steps }: Fault): Finding['severity'] {
	return part.kind === 'rate-limit' || (part.kind === 'network-interface' && steps) ? 'warning' : 'error';
}

function whyOf(part: Part): string {
	switch (part.kind) {
		case 'network-interface':
			return 'every container of the network needs it';
		case 'interface-address':
			return 'containers of the network have no gateway and no name server';
		case 'network-filter':
			return 'the network lets through what it should not, or the other way round';
		case 'filter-member':
			return "packets of the container are not held to its network's rules";
		case 'published-ports':
			return 'who comes to the port does not reach the container';
		case 'rate-limit':
			return 'the container may take more than its share';
		default:
			return 'the container is not reached, or reaches nobody, on this network';
	}
}
