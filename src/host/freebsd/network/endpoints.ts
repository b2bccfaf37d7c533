import { cableName, hostEnd, hostMac, innerEnd } from '#model/cable.ts';
import type { EpairPart } from '#model/parts/epair.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { refuse } from '../refusals.ts';
import type { InsideTools } from './inside.ts';
import { bearing, look, type Marks, orElse, showingMtu, standing } from './marks.ts';

/** Two cables that go at the same moment have hung kernels: whichever exchange it is in, one waits for the other. */
const ONE_AT_A_TIME = sh`lockf -k -t 60 ${'/var/run/kleene-epair.lock'}`;

/** A virtual cable between the host and the stack of a container. */
export class Epairs implements PartHandler<'epair'> {
	readonly #inside: InsideTools;
	readonly #marks: Marks;

	constructor(inside: InsideTools, marks: Marks) {
		this.#inside = inside;
		this.#marks = marks;
	}

	make(part: EpairPart): Script {
		const { container, unit } = part;
		const [outer, inner] = [hostEnd(unit), innerEnd(unit)];
		const mark = this.#marks.cable(container);
		return lines(
			sh`if ${look(outer)}; then`,
			sh`	case $there in ${bearing(mark)}) ;; *) ${taken(part)} ;; esac`,
			...requireMtu(part),
			sh`else`,
			create(part, mark),
			sh`fi`,
			// Only while it is still on the host: inside, it is the container's.
			sh`if ifconfig ${inner} >/dev/null 2>&1; then`,
			sh`	ifconfig ${inner} ether ${part.mac}`,
			...(part.mtu === undefined ? [] : [sh`	ifconfig ${inner} mtu ${part.mtu}`]),
			sh`	ifconfig ${inner} vnet ${container}`,
			sh`fi`,
			this.#inside.ifconfig(container, [inner, 'up']),
			sh`ifconfig ${outer} up`,
			standing,
		);
	}

	/** A cable without a container is one that was left by something that is gone. */
	unmake({ container, unit }: EpairPart): Script {
		const [outer, inner] = [hostEnd(unit), innerEnd(unit)];
		const giveBack = sh`ifconfig ${inner} >/dev/null 2>&1 || ifconfig ${inner} -vnet ${container} 2>/dev/null || :`;
		return lines(
			sh`if ${look(outer)}; then`,
			sh`	case $there in ${container === '' ? this.#marks.any : bearing(this.#marks.cable(container))})`,
			...(container === '' ? [] : [sh`		${giveBack}`]),
			sh`		${ONE_AT_A_TIME} ifconfig ${outer} destroy ;;`,
			sh`	esac`,
			sh`fi`,
		);
	}

	describe(verb: 'make' | 'unmake', { container, unit, mac, mtu }: EpairPart): string[] {
		const [outer, inner] = [hostEnd(unit), innerEnd(unit)];
		// What was left by something that is gone is in no jail that is known.
		const giveBack = container === '' ? [] : [`ifconfig ${inner} -vnet ${container}`];
		if (verb === 'unmake') return [...giveBack, `ifconfig ${outer} destroy`];
		const size = mtu === undefined ? '' : ` mtu ${mtu}`;
		return [
			`ifconfig ${cableName(unit)} create description "${this.#marks.cable(container)}"`,
			`ifconfig ${outer} ether ${hostMac(mac)}${size}`,
			`ifconfig ${inner} ether ${mac}${size}`,
			`ifconfig ${inner} vnet ${container}`,
			this.#inside.describe('ifconfig', container, [inner, 'up']),
			`ifconfig ${outer} up`,
		];
	}
}

/** Before it is a member of a bridge, which lets nobody change an MTU any more. */
function create({ unit, mac, mtu }: EpairPart, mark: string): Script {
	const outer = hostEnd(unit);
	return lines(
		sh`	ifconfig ${cableName(unit)} create description ${mark} >/dev/null`,
		sh`	${orElse(sh`ifconfig ${outer} destroy`)}`,
		sh`	ifconfig ${outer} ether ${hostMac(mac)}`,
		...(mtu === undefined ? [] : [sh`	ifconfig ${outer} mtu ${mtu}`]),
	);
}

function requireMtu(part: EpairPart): Script[] {
	if (part.mtu === undefined) return [];
	const name = hostEnd(part.unit);
	const other = refuse('make', part, {
		code: 'INTERFACE_TAKEN',
		why: `interface ${name} is there already and has another MTU than ${part.mtu}`,
		hint: 'stop the container and start it again',
	});
	return [sh`	case $there in ${showingMtu(part.mtu)}) ;; *) ${other} ;; esac`];
}

function taken(part: EpairPart): Script {
	const name = hostEnd(part.unit);
	return refuse('make', part, {
		code: 'INTERFACE_TAKEN',
		why: `interface ${name} is there already and is not a cable of this container`,
		hint: `"ifconfig ${name} destroy" if nothing needs it, then try again`,
	});
}
