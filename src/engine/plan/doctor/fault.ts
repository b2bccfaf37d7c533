import { withoutPrefix } from '#inet/prefix.ts';
import { hostEnd } from '#model/cable.ts';
import type { ComparedPart, PartOf } from '#model/part.ts';
import { parentPortInterface } from '#model/parts/network-interface.ts';
import { make, type Step, unmake } from '#model/step.ts';
import type { HostView } from './host-view.ts';

/** Problem of one part. */
export interface Fault {
	readonly what: string;
	/** Hint where making the part again is not sufficient. */
	readonly steps?: readonly Step[];
	readonly hint?: string;
	/** Whether the part is gone, and with it the parts that stand on it. */
	readonly missing?: boolean;
}

/** Diagnosis of one kind of part. */
interface Inspection<P> {
	/** @returns undefined where nothing is wrong, or only the host itself can tell: see `Comparison.differing` */
	faultOf(part: P, view: HostView): Fault | undefined;
	/** True: it goes, or stops working, with what it stands on, and nobody sees that of it alone. */
	readonly goesUnseen: boolean;
}

const TOLD_BY_HOST = { faultOf: () => undefined, goesUnseen: false };

const INSPECTIONS: { readonly [K in ComparedPart['kind']]: Inspection<PartOf<K>> } = {
	'network-interface': { faultOf: faultOfInterface, goesUnseen: false },
	'interface-address': { faultOf: faultOfAddress, goesUnseen: false },
	'parent-port': { faultOf: faultOfParent, goesUnseen: false },
	stack: TOLD_BY_HOST,
	epair: { faultOf: faultOfEpair, goesUnseen: false },
	'bridge-port': { faultOf: faultOfPort, goesUnseen: false },
	'inside-address': { faultOf: faultOfInsideAddress, goesUnseen: false },
	'inside-route': { faultOf: faultOfRoute, goesUnseen: false },
	'lease-client': { ...TOLD_BY_HOST, goesUnseen: true },
	'ipnet-address': { faultOf: faultOfIpnetAddress, goesUnseen: false },
	'network-filter': TOLD_BY_HOST,
	'filter-member': TOLD_BY_HOST,
	'asymmetric-source': TOLD_BY_HOST,
	'source-limit': TOLD_BY_HOST,
	// With the interface goes the setting of it by which the host itself reaches the port.
	'published-ports': { ...TOLD_BY_HOST, goesUnseen: true },
	'rate-limit': { ...TOLD_BY_HOST, goesUnseen: true },
	resolver: TOLD_BY_HOST,
};

function inspectionOf(part: ComparedPart): Inspection<ComparedPart> {
	return INSPECTIONS[part.kind];
}

export function faultOf(part: ComparedPart, view: HostView): Fault | undefined {
	return inspectionOf(part).faultOf(part, view);
}

/** The fault of a part, of which none was found, when what it stands on is missing. */
export function wentUnseen(part: ComparedPart): Fault | undefined {
	return inspectionOf(part).goesUnseen ? { what: 'removed with its interface' } : undefined;
}

function faultOfAddress(part: PartOf<'interface-address'>, view: HostView): Fault | undefined {
	const there = view.interface(part.interface)?.addresses.includes(part.address);
	return there ? undefined : { what: `${part.interface} has lost its address ${part.address}` };
}

function faultOfInsideAddress(part: PartOf<'inside-address'>, view: HostView): Fault | undefined {
	const inside = view.inside(part.container, part.interface);
	if (inside === 'unknown' || inside?.addresses.includes(part.address)) return undefined;
	return { what: `${part.interface} inside has lost its address ${part.address}` };
}

function faultOfRoute(part: PartOf<'inside-route'>, view: HostView): Fault | undefined {
	return view.hasDefaultRoute(part.container, part.family)
		? undefined
		: { what: `the container has no default route over ${part.gateway || part.interface} any more` };
}

function faultOfInterface(part: PartOf<'network-interface'>, view: HostView): Fault | undefined {
	const { interface: name, mac, mtu } = part;
	const found = view.interface(name);
	if (!found) return { what: `${part.type} ${name} is missing`, missing: true };
	if (found.mac.toLowerCase() !== mac.toLowerCase()) {
		const what = `${name} has the MAC address ${found.mac}, not ${mac}: it is not the interface that was made`;
		return { what, steps: [], hint: view.customs.setMac(name, mac), missing: true };
	}
	if (mtu !== undefined && found.mtu !== mtu)
		return {
			what: `${name} has an MTU of ${found.mtu}, not ${mtu}`,
			steps: [],
			hint: view.customs.setMtu(name, mtu),
		};
	return found.up ? undefined : { what: `${name} is down` };
}

function faultOfEpair(part: PartOf<'epair'>, view: HostView): Fault | undefined {
	const name = hostEnd(part.unit);
	const outer = view.interface(name);
	const inner = view.inside(part.container, part.inside);
	if (!outer) return { what: `cable ${name} is missing`, missing: true };
	if (!outer.up) return { what: `cable ${name} is down` };
	if (inner === 'unknown') return undefined;
	if (!inner) {
		const what = `cable ${name} does not end in ${part.inside} of the container any more`;
		return { what, steps: [unmake(part), make(part)], missing: true };
	}
	return inner.up ? undefined : { what: `${part.inside} inside is down` };
}

function faultOfPort(part: PartOf<'bridge-port'>, view: HostView): Fault | undefined {
	const found = view.interface(part.interface);
	if (found?.bridge === part.bridge) return undefined;
	const what = `${part.interface} is no port of ${part.bridge}`;
	if (!found?.bridge) return { what };
	const elsewhere = { ...part, bridge: found.bridge };
	return { what: `${what} but of ${found.bridge}`, steps: [unmake(elsewhere), make(part)] };
}

function faultOfParent(part: PartOf<'parent-port'>, view: HostView): Fault | undefined {
	const name = parentPortInterface(part);
	const found = view.interface(name);
	if (!found) {
		const what = `the host has no interface ${name}`;
		return view.interface(part.parent) ? { what } : { what, steps: [], hint: `bring interface ${part.parent} back` };
	}
	if (found.bridge === part.bridge) return found.up ? undefined : { what: `${name} is down` };
	if (!found.bridge) return { what: `${name} is no port of ${part.bridge}` };
	const what = `${name} is no port of ${part.bridge} but of ${found.bridge}`;
	return { what, steps: [], hint: `take ${name} out of ${found.bridge}` };
}

/** On a host whose stack the container shares there is no more to it than the address; the rest the host tells itself. */
function faultOfIpnetAddress(part: PartOf<'ipnet-address'>, view: HostView): Fault | undefined {
	const { address, container, inside: name, unit } = part;
	if (!view.traits.ipnetHasEpair)
		return view.answers(address, part.interface)
			? undefined
			: { what: `${part.interface} has lost the address ${address}` };
	const inside = view.inside(container, name);
	if (inside === 'unknown') return undefined;
	const cable = hostEnd(unit);
	const faults = [
		view.hasRoute(address, cable) ? '' : `the host has no route to it over ${cable}`,
		view.answers(address, part.interface) ? '' : `the host does not answer for it on ${part.interface}`,
		inside?.addresses.some((text) => withoutPrefix(text) === address) ? '' : `${name} inside does not have it`,
		view.hasInsideRoute(container, part.subnet, name) ? '' : `the container has no route to ${part.subnet}`,
	].filter((text) => text !== '');
	return faults.length === 0 ? undefined : { what: `address ${address}: ${faults.join(', ')}` };
}
