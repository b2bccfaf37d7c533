import { familyOf, familyWord } from '#inet/family.ts';
import { blockOfOne } from '#inet/prefix.ts';
import type { IpnetAddressPart } from '#model/parts/ipnet-address.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { PartHandler } from '../handler.ts';
import { aliasWords, noInterface, unlessThere } from './addressing.ts';
import { look, orElse, showing, standing } from './marks.ts';

/**
 * An address of an ipnet container: on the network's interface, and in the list of those that the jail may use.
 * The jail shares the host's stack, so the host answers for it by itself.
 */
export const ipnetAddresses: PartHandler<'ipnet-address'> = {
	make(part) {
		const { interface: name } = part;
		const word = familyWord(familyOf(part.address));
		return lines(
			sh`if ${look(name)}; then :; else ${noInterface(part, name)}; fi`,
			sh`case $there in ${unlessThere(part, name, blockOfOne(part.address))}`,
			sh`	ifconfig ${name} ${wordsOf(part)}`,
			sh`	${orElse(sh`ifconfig ${name} ${word} ${part.address} -alias`)} ;;`,
			sh`esac`,
			...(word === 'inet6' ? [untilUsable(part)] : []),
			grant(part),
			standing,
		);
	},

	/** Without a container, it is an address that nobody has any more. */
	unmake(part) {
		const { interface: name, container } = part;
		return lines(...(container === '' ? [] : [revoke(part)]), ...(name === '' ? [] : [takeOff(part)]));
	},

	describe(verb, part) {
		const { interface: name, address, container } = part;
		const ifconfig = `ifconfig ${name} ${familyWord(familyOf(address))}`;
		const jail = `jail -m name=${container} ${parameterOf(part)}`;
		if (verb === 'make')
			return [
				`ifconfig ${name} ${wordsOf(part).join(' ')}`,
				`${jail}=${part.first ? `${address},...` : `...,${address}`}`,
			];
		// What was left by something that is gone has no container, or is known by its rules alone.
		const ofJail = container === '' ? [] : [`${jail}=...`];
		return [...ofJail, ...(name === '' ? [] : [`${ifconfig} ${address} -alias`])];
	},
};

/** On an interface of the host's own others may have the address, and are asked. */
function wordsOf({ address, member }: IpnetAddressPart): string[] {
	const block = blockOfOne(address);
	return member?.shared === false ? aliasWords(block) : [familyWord(familyOf(address)), block, 'alias'];
}

export function parameterOf({ address }: IpnetAddressPart): 'ip4.addr' | 'ip6.addr' {
	return familyOf(address) === 4 ? 'ip4.addr' : 'ip6.addr';
}

function takeOff(part: IpnetAddressPart): Script {
	const { interface: name, address } = part;
	return lines(
		sh`if ${look(name)}; then`,
		sh`	case $there in ${showing(blockOfOne(address))}) ifconfig ${name} ${familyWord(familyOf(address))} ${address} -alias ;; esac`,
		sh`fi`,
	);
}

/** The list is given anew as a whole. Its first address is the one that the jail speaks from; the kernel sorts the rest. */
function grant(part: IpnetAddressPart): Script {
	const { container, address, first } = part;
	const parameter = parameterOf(part);
	const give = sh`jail -m ${`name=${container}`} ${`${parameter}=`}`;
	return lines(
		sh`have=$(jls -j ${container} ${parameter})`,
		sh`case ,$have, in`,
		first ? sh`${`,${address},`}*) ;;` : sh`*${`,${address},`}*) ;;`,
		sh`,-,|,,) ${give}${address} ;;`,
		...(first
			? [
					sh`*${`,${address},`}*) ${without(address)}; ${give}${address},"$left" ;;`,
					sh`*) ${give}${address},"$have" ;;`,
				]
			: [sh`*) ${give}"$have"${`,${address}`} ;;`]),
		sh`esac`,
	);
}

/** An empty list is what leaves none: `ip4=disable` leaves a list as it is. A jail that is gone has nothing to lose. */
function revoke(part: IpnetAddressPart): Script {
	const { container, address } = part;
	const parameter = parameterOf(part);
	return lines(
		sh`if have=$(jls -j ${container} ${parameter} 2>/dev/null); then`,
		sh`	case ,$have, in *${`,${address},`}*)`,
		sh`		${without(address)}; jail -m ${`name=${container}`} ${`${parameter}=`}"$left" ;;`,
		sh`	esac`,
		sh`fi`,
	);
}

/** The list `$have` without an address that is in it, into `$left`. */
function without(address: string): Script {
	const it = `,${address},`;
	return sh`left=,$have,; left=\${left%%${it}*},\${left#*${it}}; left=\${left#,}; left=\${left%,}`;
}

/** On an interface of the host's own others are asked for a second whether they have the address; until then none can bind it. */
function untilUsable({ interface: name, address }: IpnetAddressPart): Script {
	return lines(
		sh`for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do`,
		sh`	case $(ifconfig ${name} inet6) in *${`\tinet6 ${address} `}*' tentative'*) sleep 0.2 ;; *) break ;; esac`,
		sh`done`,
	);
}
