import { withoutPrefix } from '#inet/prefix.ts';
import { hostEnd } from '#model/cable.ts';
import type { Part, PartOf } from '#model/part.ts';
import { make, type Step, unmake } from '#model/step.ts';
import type { HostView } from './host-view.ts';

/** What is wrong with one part. */
export interface Fault {
	readonly what: string;
	/** Where making the part again is not enough or of no use. */
	readonly steps?: readonly Step[];
	readonly hint?: string;
	/** What stands on this part went with it. */
	readonly missing?: boolean;
}

export function faultOf(part: Part, view: HostView): Fault | undefined {
	switch (part.kind) {
		case 'network-interface':
			return faultOfInterface(part, view);
		case 'interface-address': {
			const there = view.interface(part.interface)?.addresses.includes(part.address);
			return there ? undefined : { what: `${part.interface} has lost its address ${part.address}` };
		}
		case 'epair':
			return faultOfEpair(part, view);
		case 'bridge-port':
			return faultOfPort(part, view);
		case 'inside-address': {
			const inside = view.inside(part.container, part.interface);
			if (inside === 'unknown' || inside?.addresses.includes(part.address)) return undefined;
			return { what: `${part.interface} inside has lost its address ${part.address}` };
		}
		case 'inside-route':
			return view.hasDefaultRoute(part.container, part.family)
				? undefined
				: { what: `the container has no default route over ${part.gateway || part.interface} any more` };
		case 'alias':
			return faultOfAlias(part, view);
		default:
			return undefined;
	}
}

function faultOfInterface(part: PartOf<'network-interface'>, view: HostView): Fault | undefined {
	const { interface: name, mac, mtu } = part;
	const found = view.interface(name);
	if (!found) return { what: `${part.type} ${name} is missing`, missing: true };
	if (found.mac.toLowerCase() !== mac.toLowerCase()) {
		const what = `${name} has the MAC address ${found.mac}, not ${mac}: it is not the interface that was made`;
		return { what, steps: [], hint: view.customs.setMac(name, mac) };
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

/** On a host whose stack the container shares there is no more to it than the address; the rest the host tells itself. */
function faultOfAlias(part: PartOf<'alias'>, view: HostView): Fault | undefined {
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
