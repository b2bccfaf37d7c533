import { hostEnd, innerEnd, unitOfHostEnd } from '#model/cable.ts';
import type { ObservedInterface } from '#model/host/observed.ts';
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

function strayInterfaces({ networks, observed, traits }: Examination, explained: readonly Part[]): Finding[] {
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

function strayRules({ observed, inFlight, traits }: Examination): Finding[] {
	if (inFlight.length > 0) return [];
	return (observed.comparison?.excess ?? []).map(({ what, place = 'the firewall', why = PASSES, parts, owner }) => {
		const steps: Step[] = [...parts.map(unmake), ...(owner && parts.length > 0 ? [make(owner)] : [])];
		return {
			kind: 'leak',
			about: parts.map(identityOf).join(', ') || what,
			severity: 'error',
			subject: 'host',
			what: `${place} has ${what}, which is not configured`,
			why,
			hint: hintOfRepair(steps, customsOf(traits).lookAtRules),
			steps,
			owners: [],
		};
	});
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
