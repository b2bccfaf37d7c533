import type { BridgePortPart } from '#model/parts/epair.ts';
import type { NetworkInterfacePart } from '#model/parts/network-interface.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { isTold, tell } from '../known.ts';
import { refuse } from '../refusals.ts';
import { bearing, look, type Marks, showingMtu } from './marks.ts';

/** The interface of a network: an if_bridge(4), or an lo(4), which has no MAC address. */
export class NetworkInterfaces implements PartHandler<'network-interface'> {
	readonly #marks: Marks;

	constructor(marks: Marks) {
		this.#marks = marks;
	}

	make(part: NetworkInterfacePart): Script {
		const { interface: name, mac, type } = part;
		const mark = this.#marks.network(mac);
		return lines(
			sh`if ${look(name)}; then`,
			sh`	case $there in ${bearing(mark)}) ;; *) ${taken(part)} ;; esac`,
			...requireMtu(part),
			...(type === 'bridge' ? [giveMac(name, mac)] : []),
			sh`	ifconfig ${name} up`,
			sh`else`,
			create(part, mark),
			tell('interface', name),
			sh`fi`,
		);
	}

	/** Never a bridge that somebody is plugged into. */
	unmake(part: NetworkInterfacePart): Script {
		const { interface: name, mac } = part;
		return lines(
			sh`if ${look(name)}; then`,
			sh`	case $there in ${bearing(this.#marks.network(mac))})`,
			// A line of its own each: "member: epair3a flags=...".
			sh`		members= last=; set -f`,
			sh`		for word in $there; do [ "$last" != member: ] || members="$members $word"; last=$word; done; set +f`,
			sh`		if [ -n "$members" ]; then ${hasMembers(part)}; fi`,
			sh`		ifconfig ${name} destroy ;;`,
			sh`	esac`,
			sh`fi`,
		);
	}

	describe(verb: 'make' | 'unmake', { interface: name, type, mac, mtu }: NetworkInterfacePart): string[] {
		if (verb === 'unmake') return [`ifconfig ${name} destroy`];
		return [
			[
				`ifconfig ${driverOf(type)} create`,
				...(type === 'bridge' ? [`ether ${mac}`] : []),
				`description "${this.#marks.network(mac)}" name ${name}`,
				...(mtu === undefined ? [] : [`mtu ${mtu}`]),
				'up',
			].join(' '),
		];
	}
}

function driverOf(type: NetworkInterfacePart['type']): string {
	return type === 'bridge' ? 'bridge' : 'lo';
}

/** Create an interface. A failure after the creation, e.g. a taken name, leaves a clone behind, whose name ifconfig prints. */
function create({ interface: name, type, mac, mtu }: NetworkInterfacePart, mark: string): Script {
	const ether = type === 'bridge' ? ['ether', mac] : [];
	const words = [...ether, 'description', mark, 'name', name, ...(mtu === undefined ? [] : ['mtu', `${mtu}`]), 'up'];
	return lines(
		sh`	made=$(ifconfig ${driverOf(type)} create ${words}) || {`,
		sh`		[ -z "$made" ] || ifconfig "$made" destroy`,
		sh`		exit 1`,
		sh`	}`,
	);
}

/** A bridge that gets its own address again loses its members for a moment, so only where it is another. */
function giveMac(name: string, mac: string): Script {
	return sh`	case $there in *${`\tether ${mac.toLowerCase()}\n`}*) ;; *) ifconfig ${name} ether ${mac} ;; esac`;
}

function requireMtu(part: NetworkInterfacePart): Script[] {
	if (part.mtu === undefined) return [];
	const other = refuse('make', part, {
		code: 'INTERFACE_TAKEN',
		why: `interface ${part.interface} already exists and has another MTU than ${part.mtu}`,
		hint: `set it with "ifconfig ${part.interface} mtu ${part.mtu}"`,
	});
	return [sh`	case $there in ${showingMtu(part.mtu)}) ;; *) ${other} ;; esac`];
}

function taken(part: NetworkInterfacePart): Script {
	return refuse('make', part, {
		code: 'INTERFACE_TAKEN',
		why: `interface ${part.interface} already exists and is not the one of this network`,
		hint: `choose another name, or "ifconfig ${part.interface} destroy" if nothing needs it`,
	});
}

function hasMembers(part: NetworkInterfacePart): Script {
	return refuse('unmake', part, {
		code: 'IN_USE',
		why: sh`'it has members:'"$members"`,
		hint: 'disconnect or stop the containers on it first',
	});
}

/**
 * The host end of a cable as a port of a bridge. A `private` port exchanges nothing with other private ones. There is
 * nothing to be done for a hairpin: what a container sends to its own published port is for the host, which routes it,
 * and it leaves by the bridge as by any other interface.
 */
export const bridgePorts: PartHandler<'bridge-port'> = {
	make(part) {
		const { bridge, interface: name, isolated } = part;
		const privacy = isolated ? 'private' : '-private';
		const join = sh`ifconfig ${bridge} addm ${name} ${isolated ? ['private', name] : []}`;
		// A cable that was just made is a member of nothing, and a bridge that is gone is told by ifconfig, too.
		return lines(
			sh`if ${isTold('cable', otherEnd(name))}; then ${join}`,
			sh`elif ${look(bridge)}; then`,
			sh`	case $there in ${havingMember(name)}) ifconfig ${bridge} ${privacy} ${name} ;; *) ${join} ;; esac`,
			sh`else ${noBridge(part)}; fi`,
		);
	},

	unmake({ bridge, interface: name }) {
		return lines(
			sh`if ${look(bridge)}; then`,
			sh`	case $there in ${havingMember(name)}) ifconfig ${bridge} deletem ${name} ;; esac`,
			sh`fi`,
		);
	},

	describe(verb, { bridge, interface: name, isolated }) {
		if (verb === 'unmake') return [`ifconfig ${bridge} deletem ${name}`];
		return [`ifconfig ${bridge} addm ${name}${isolated ? ` private ${name}` : ''}`];
	},
};

/** `epair3b` of `epair3a`. */
function otherEnd(name: string): string {
	return name.replace(/a$/, 'b');
}

function havingMember(name: string): Script {
	return sh`*${`\tmember: ${name} `}*`;
}

function noBridge(part: BridgePortPart): Script {
	return refuse('make', part, {
		code: 'NO_SUCH_INTERFACE',
		why: `the host has no interface ${part.bridge}`,
		hint: '"klee network doctor --repair" makes the interfaces of networks again',
	});
}
