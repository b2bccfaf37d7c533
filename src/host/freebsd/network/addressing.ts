import { familyOf, familyWord } from '#inet/family.ts';
import { withoutPrefix } from '#inet/prefix.ts';
import type { Part } from '#model/part.ts';
import type { InsideAddressPart, InsideRoutePart } from '#model/parts/inside.ts';
import type { InterfaceAddressPart } from '#model/parts/network-interface.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { isTold } from '../known.ts';
import { refuse } from '../refusals.ts';
import { describeForwarding, forward } from './forwarding.ts';
import type { InsideTools } from './inside.ts';
import { look, showing, showingBare } from './marks.ts';

export function noInterface(part: Part, name: string): Script {
	return refuse('make', part, {
		code: 'NO_SUCH_INTERFACE',
		why: `the host has no interface ${name}`,
		hint: 'look at "ifconfig -l"; "klee network doctor --repair" makes the interfaces of networks again',
	});
}

/** Arms of a `case` over `$there` up to the one for an address that is not there, in whatever prefix. */
export function unlessThere(part: Part, name: string, address: string): Script {
	const taken = refuse('make', part, {
		code: 'ADDRESS_TAKEN',
		why: `${name} has ${withoutPrefix(address)} already, with another prefix`,
		hint: `remove it with "ifconfig ${name} ${familyWord(familyOf(address))} ... -alias", or choose another address`,
	});
	return sh`${showing(address)}) ;; ${showingBare(address)}) ${taken} ;; *)`;
}

/**
 * Words of ifconfig(8) for an address where nobody but the host hands out any: there needs to be no second of silence
 * before one of IPv6 may be used.
 */
export function aliasWords(address: string): string[] {
	const family = familyOf(address);
	return [familyWord(family), ...(family === 6 ? ['no_dad'] : []), address, 'alias'];
}

/** An address of the host on a network: with it the host is the gateway, so it forwards. */
export const interfaceAddresses: PartHandler<'interface-address'> = {
	make(part) {
		const { interface: name, address } = part;
		const family = familyOf(address);
		return lines(
			sh`if ${isTold('interface', name)}; then there=; elif ${look(name)}; then :; else ${noInterface(part, name)}; fi`,
			sh`case $there in ${unlessThere(part, name, address)} ifconfig ${name} ${aliasWords(address)} ;; esac`,
			forward(family),
		);
	},

	/** Forwarding stays: somebody else may have come to rely on it, and who switched it on first is not to be known. */
	unmake({ interface: name, address }, { goes }) {
		// What is destroyed loses its addresses.
		if (goes?.(name)) return sh`:`;
		return lines(
			sh`if ${look(name)}; then`,
			sh`	case $there in ${showing(address)}) ifconfig ${name} ${familyWord(familyOf(address))} ${withoutPrefix(address)} -alias ;; esac`,
			sh`fi`,
		);
	},

	describe(verb, { interface: name, address }: InterfaceAddressPart) {
		const family = familyOf(address);
		if (verb === 'unmake') return [`ifconfig ${name} ${familyWord(family)} ${withoutPrefix(address)} -alias`];
		return [`ifconfig ${name} ${aliasWords(address).join(' ')}`, describeForwarding(family)];
	},
};

/** An address on the inner end of a vnet container. */
export class InsideAddresses implements PartHandler<'inside-address'> {
	readonly #inside: InsideTools;

	constructor(inside: InsideTools) {
		this.#inside = inside;
	}

	/** The network is Kleene's, which sees to it that nobody else has the address: it may be used at once. */
	make(part: InsideAddressPart): Script {
		const { container, interface: name, address } = part;
		const run = (...args: string[]) => this.#inside.ifconfig(container, args);
		return lines(
			sh`if ${isTold('cable', name)}; then there=; else there=$(${run('-f', 'inet:cidr,inet6:cidr', name)}); fi`,
			sh`case $there in ${unlessThere(part, name, address)} ${run(name, ...insideWords(address))} ;; esac`,
		);
	}

	unmake({ container, interface: name, address }: InsideAddressPart): Script {
		const run = (...args: string[]) => this.#inside.ifconfig(container, args);
		const remove = run(name, familyWord(familyOf(address)), withoutPrefix(address), '-alias');
		return lines(
			sh`if ! ${isTold('gone', container)} && there=$(${run('-f', 'inet:cidr,inet6:cidr', name)} 2>/dev/null); then`,
			sh`	case $there in ${showing(address)}) ${remove} ;; esac`,
			sh`fi`,
		);
	}

	describe(verb: 'make' | 'unmake', { container, address, interface: name }: InsideAddressPart): string[] {
		const words = [familyWord(familyOf(address)), withoutPrefix(address), '-alias'];
		return [this.#inside.describe('ifconfig', container, [name, ...(verb === 'make' ? insideWords(address) : words)])];
	}
}

/** An interface of a jail has IPv6 switched off until it is wanted. */
function insideWords(address: string): string[] {
	const [family = '', ...rest] = aliasWords(address);
	return familyOf(address) === 6 ? [family, '-ifdisabled', ...rest] : [family, ...rest];
}

/**
 * The default route of one family inside a vnet container. What route(8) prints is thrown away: the engine says
 * `add net default: ...` to the user, on every host.
 */
export class InsideRoutes implements PartHandler<'inside-route'> {
	readonly #inside: InsideTools;

	constructor(inside: InsideTools) {
		this.#inside = inside;
	}

	make(part: InsideRoutePart): Script {
		const { container, family, gateway } = part;
		const add = this.#inside.route(container, ['add', `-${familyWord(family)}`, 'default', gateway]);
		return lines(
			sh`now=; if ! ${isTold('cable', part.interface)}; then`,
			this.#lookUp(part),
			sh`fi`,
			sh`case $now in`,
			sh`${gateway}) ;;`,
			// It complains where others would print results.
			sh`'') said=$(${add} 2>&1) || { printf '%s\\n' "$said" >&2; exit 1; } ;;`,
			sh`*) ${part.replaces ? changed(this.#inside, part) : routedElsewhere(part)} ;;`,
			sh`esac`,
		);
	}

	unmake(part: InsideRoutePart): Script {
		const { container, family, gateway } = part;
		const remove = this.#inside.route(container, ['delete', `-${familyWord(family)}`, 'default', gateway]);
		return lines(
			sh`if ! ${isTold('gone', container)}; then`,
			this.#lookUp(part),
			sh`	case $now in ${gateway}) ${part.replaces ? changed(this.#inside, { ...part, ...part.replaces }) : sh`${remove} >/dev/null`} ;; esac`,
			sh`fi`,
		);
	}

	describe(verb: 'make' | 'unmake', { container, family, gateway, replaces }: InsideRoutePart): string[] {
		const words = [
			verb === 'unmake' ? 'delete' : replaces ? 'change' : 'add',
			`-${familyWord(family)}`,
			'default',
			gateway,
		];
		return [this.#inside.describe('route', container, words)];
	}

	/** Gateway of the default route there is, into `$now`. */
	#lookUp({ container, family }: InsideRoutePart): Script {
		const get = this.#inside.route(container, ['get', `-${familyWord(family)}`, 'default']);
		return sh`	now= last=
	for word in $(${get} 2>/dev/null); do [ "$last" != gateway: ] || now=\${word%%%*}; last=$word; done`;
	}
}

function changed(inside: InsideTools, { container, family, gateway }: InsideRoutePart): Script {
	const change = inside.route(container, ['change', `-${familyWord(family)}`, 'default', gateway]);
	return sh`said=$(${change} 2>&1) || { printf '%s\\n' "$said" >&2; exit 1; }`;
}

function routedElsewhere(part: InsideRoutePart): Script {
	return refuse('make', part, {
		code: 'HOST_FAILED',
		why: sh`"the container has a default route over $now already"`,
		hint: `remove it in the container with "route delete -${familyWord(part.family)} default"`,
	});
}
