import { hostEnd, innerEnd, unitOfHostEnd } from '#model/cable.ts';
import type { ObservedExcess, ObservedInterface } from '#model/host/observed.ts';
import type { HostTraits } from '#model/host/traits.ts';
import { identityOf, type Part } from '#model/part.ts';
import { make, type Step, unmake } from '#model/step.ts';
import { type Examination, type Finding, hintOfRepair } from './finding.ts';
import { customsOf } from './host-customs.ts';

/** Leaks: objects with names of Kleene that belong to no stored network and no running container. */
export function findLeaks(examination: Examination): Finding[] {
	const explained = explainedParts(examination);
	return [
		...strayInterfaces(examination, explained),
		...strayProxies(examination, explained),
		...strayRules(examination),
	];
}

/** A change under way explains what it makes, too. */
function explainedParts({ networks, runs, inFlight }: Examination): readonly Part[] {
	return [...networks.flatMap(({ parts }) => parts), ...runs.flatMap(({ parts }) => parts), ...inFlight];
}

function strayInterfaces({ networks, runs, observed, traits }: Examination, explained: readonly Part[]): Finding[] {
	const names = new Set(networks.map(({ network }) => network.interface));
	for (const part of explained) {
		if (part.kind === 'network-interface') names.add(part.interface);
		if (part.kind === 'epair') names.add(hostEnd(part.unit));
	}
	return observed.interfaces.flatMap((found) => {
		if (found.madeBy !== undefined) return names.has(found.name) ? [] : [ofAnother(found, found.madeBy, traits)];
		const part = names.has(found.name) ? undefined : partOfInterface(found);
		if (!part) return [];
		const ports = observed.interfaces.filter(({ bridge }) => bridge === found.name).map(({ name }) => name);
		const what = `interface ${found.name} belongs to no network and no running container`;
		const units = new Set(ports.map(unitOfHostEnd));
		const users = runs.filter((run) => run.parts.some((one) => one.kind === 'epair' && units.has(one.unit)));
		if (users.length > 0) return [usedLeak(what, part, users)];
		return [
			leak({
				what: ports.length > 0 ? `${what}; its ports: ${ports.join(', ')}` : what,
				part,
				otherwise: customsOf(traits).destroy(found.name),
			}),
		];
	});
}

/** Never for this daemon to take away. @param store of the one that made it, `''` where the mark does not say */
function ofAnother({ name }: ObservedInterface, store: string, traits: HostTraits): Finding {
	return {
		kind: 'leak',
		about: `interface ${name}`,
		severity: 'warning',
		subject: 'host',
		what: `interface ${name} was made by ${store === '' ? 'a kleened that it does not name' : `another kleened (store ${store})`}`,
		why: 'its name is not available, and its purpose is unknown to this kleened',
		hint: `if that kleened is gone for good: ${customsOf(traits).destroy(name)}`,
		steps: [],
		owners: [],
	};
}

/** By its mark where the host knows marks: others have epairs, too. */
function partOfInterface({ name, type, mac, ours }: ObservedInterface): Part | undefined {
	if (ours === false) return undefined;
	const unit = unitOfHostEnd(name);
	if (unit !== undefined) return { kind: 'epair', container: '', unit, inside: innerEnd(unit), mac, routed: false };
	if (!ours && !/^kleene\d+$/.test(name)) return undefined;
	return {
		kind: 'network-interface',
		interface: name,
		type: type === 'dummy' || type === 'lo' ? 'loopback' : 'bridge',
		mac,
	};
}

/** On interfaces of networks; on a custom one the administrator may have made some. */
function strayProxies({ networks, observed, traits }: Examination, explained: readonly Part[]): Finding[] {
	const ours = new Set(networks.filter(({ network }) => network.type !== 'custom').map((one) => one.network.interface));
	const known = new Set(
		explained.filter((part) => part.kind === 'ipnet-address').map((part) => `${part.address} ${part.interface}`),
	);
	const proxies = observed.comparison?.proxies ?? [];
	return proxies
		.filter(({ address, interface: name }) => ours.has(name) && !known.has(`${address} ${name}`))
		.map(({ address, interface: name }) => {
			const names = { container: '', inside: '', interface: name, address };
			const part: Part = { kind: 'ipnet-address', ...names, unit: -1, subnet: '', hostAddress: '' };
			return leak({
				what: `the host answers for ${address} on ${name}, which no container has`,
				part,
				otherwise: customsOf(traits).destroy(name),
			});
		});
}

/** Of a rule. */
const PASSES = 'it lets packets through, or keeps them back, for something that is not there';

/** As many of one place are listed one by one. */
const LISTED = 3;

function strayRules({ observed, inFlight, traits }: Examination): Finding[] {
	if (inFlight.length > 0) return [];
	const byPlace = Map.groupBy(
		(observed.comparison?.excess ?? []).map((one) => ({ place: 'the firewall', why: PASSES, ...one })),
		({ place, why }) => `${place} ${why}`,
	);
	return [...byPlace.values()].flatMap((found) => {
		if (found.length <= LISTED) return found.map((one) => strayRule([one], traits));
		return [strayRule(found, traits)];
	});
}

type Excess = ObservedExcess & { readonly place: string; readonly why: string };

/** @param found in one place, for one reason; not empty */
function strayRule(found: readonly Excess[], traits: HostTraits): Finding {
	const [{ place, why, what: first }] = found as readonly [Excess, ...Excess[]];
	const parts = found.flatMap((one) => one.parts);
	const owners = found.flatMap(({ owner, parts }) => (owner && parts.length > 0 ? [owner] : []));
	const again = new Map(owners.map((owner) => [identityOf(owner), owner]));
	const steps: Step[] = [...parts.map(unmake), ...[...again.values()].map(make)];
	const what = found.length === 1 ? first : `${first} and ${found.length - 1} other entries`;
	return {
		kind: 'leak',
		about: parts.map(identityOf).join(', ') || found.map((one) => one.what).join(', '),
		severity: 'error',
		subject: 'host',
		what: `${place} has ${what}, which ${found.length === 1 ? 'is' : 'are'} not configured`,
		why,
		hint: hintOfRepair(steps, customsOf(traits).lookAtRules),
		steps,
		owners: [],
	};
}

/** It cannot go while containers are on it. */
function usedLeak(what: string, part: Part, users: Examination['runs']): Finding {
	const names = users.map(({ name }) => name).join(' ');
	return {
		...leak({ what: `${what}; containers on it: ${names}`, part, otherwise: '' }),
		hint: `klee container rm -f ${names}, then klee network doctor --repair`,
		steps: [],
	};
}

/** @param otherwise how it is done by hand */
function leak({ what, part, otherwise }: { what: string; part: Part; otherwise: string }): Finding {
	const steps = [unmake(part)];
	return {
		kind: 'leak',
		about: identityOf(part),
		severity: 'warning',
		subject: 'host',
		what,
		why: 'it is a leftover, or belongs to another kleened on this host; its name is not available',
		hint: hintOfRepair(steps, otherwise),
		steps,
		owners: [],
	};
}
