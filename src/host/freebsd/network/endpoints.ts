import { cableName, hostEnd, hostMac, innerEnd } from '#model/cable.ts';
import type { EpairPart } from '#model/parts/epair.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { isTold, tell } from '../known.ts';
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
			// Only while it is still on the host: inside, it is the container's.
			sh`	if ifconfig ${inner} >/dev/null 2>&1; then`,
			this.#moveIn(part),
			sh`	else`,
			this.#inside.ifconfig(container, [inner, 'up']),
			sh`	fi`,
			sh`	ifconfig ${outer} up`,
			sh`else`,
			create(part, mark),
			this.#moveIn(part),
			tell('cable', inner),
			sh`fi`,
			standing,
		);
	}

	/** ifconfig(8) sets a MAC address last of all, when a word before has moved the interface away: so it is set inside. */
	#moveIn({ container, unit, mac, mtu }: EpairPart): Script {
		const inner = innerEnd(unit);
		return lines(
			sh`ifconfig ${inner} ${mtu === undefined ? [] : ['mtu', `${mtu}`]} vnet ${container}`,
			this.#inside.ifconfig(container, [inner, 'ether', mac, 'up']),
		);
	}

	/** A cable without a container is one that was left by something that is gone. */
	unmake({ container, unit }: EpairPart): Script {
		const [outer, inner] = [hostEnd(unit), innerEnd(unit)];
		const giveBack = sh`${isTold('gone', container)} || ifconfig ${inner} -vnet ${container} 2>/dev/null || :`;
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
			`ifconfig ${cableName(unit)} create ether ${hostMac(mac)} description "${this.#marks.cable(container)}"${size} up`,
			`ifconfig ${inner}${size} vnet ${container}`,
			this.#inside.describe('ifconfig', container, [inner, 'ether', mac, 'up']),
		];
	}
}

/**
 * With its MTU before it is a member of a bridge, which lets nobody change one any more. A family of addresses, such as
 * `ether`, has to come first. Where it fails after it was made, it has its mark.
 */
function create({ unit, mac, mtu }: EpairPart, mark: string): Script {
	const outer = hostEnd(unit);
	const words = ['ether', hostMac(mac), 'description', mark, ...(mtu === undefined ? [] : ['mtu', `${mtu}`]), 'up'];
	return lines(
		sh`	ifconfig ${cableName(unit)} create ${words} >/dev/null || {`,
		sh`		if ${look(outer)}; then case $there in ${bearing(mark)}) ifconfig ${outer} destroy ;; esac; fi`,
		sh`		exit 1`,
		sh`	}`,
		sh`	${orElse(sh`ifconfig ${outer} destroy`)}`,
	);
}

function requireMtu(part: EpairPart): Script[] {
	if (part.mtu === undefined) return [];
	const name = hostEnd(part.unit);
	const other = refuse('make', part, {
		code: 'INTERFACE_TAKEN',
		why: `interface ${name} already exists and has another MTU than ${part.mtu}`,
		hint: 'stop the container and start it again',
	});
	return [sh`	case $there in ${showingMtu(part.mtu)}) ;; *) ${other} ;; esac`];
}

function taken(part: EpairPart): Script {
	const name = hostEnd(part.unit);
	return refuse('make', part, {
		code: 'INTERFACE_TAKEN',
		why: `interface ${name} already exists and is not a cable of this container`,
		hint: `"ifconfig ${name} destroy" if nothing needs it, then try again`,
	});
}
