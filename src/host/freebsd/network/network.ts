import type { Comparison } from '#model/host/observed.ts';
import type { Part } from '#model/part.ts';
import type { Script } from '#os/shell/quote.ts';
import { compareNetwork, comparisonSection } from '../comparison/network.ts';
import type { PartHandlers } from '../handler.ts';
import { type UnplannedKind, unplannedHandlers } from '../unplanned.ts';
import { InsideAddresses, InsideRoutes, interfaceAddresses } from './addressing.ts';
import { Epairs } from './endpoints.ts';
import { type InsideTools, insideTools, type JailOptions } from './inside.ts';
import { ipnetAddresses } from './ipnet-addresses.ts';
import { bridgePorts, NetworkInterfaces } from './links.ts';
import { Marks } from './marks.ts';
import { parentPorts } from './parent-ports.ts';
import { type NetworkSurvey, readSurvey, SURVEY } from './survey.ts';

export type NetworkPartKind =
	| 'network-interface'
	| 'interface-address'
	| 'parent-port'
	| 'epair'
	| 'bridge-port'
	| 'inside-address'
	| 'inside-route'
	| 'ipnet-address'
	| UnplannedKind;

/** Everything that Kleene does to the network of a FreeBSD host, save the firewall and the jails themselves. */
export class FreebsdNetwork {
	readonly handlers: Pick<PartHandlers, NetworkPartKind>;
	readonly #inside: InsideTools;
	/** Identity of the daemon's store. */
	readonly store: string;

	/** @param store identity of the daemon's store */
	constructor(options: JailOptions, store: string) {
		const inside = insideTools(options);
		const marks = new Marks(store);
		this.store = store;
		this.#inside = inside;
		this.handlers = {
			'network-interface': new NetworkInterfaces(marks),
			'interface-address': interfaceAddresses,
			'parent-port': parentPorts,
			epair: new Epairs(inside, marks),
			'bridge-port': bridgePorts,
			'inside-address': new InsideAddresses(inside),
			'inside-route': new InsideRoutes(inside),
			'ipnet-address': ipnetAddresses,
			...unplannedHandlers,
		};
	}

	/** Two questions, each a command that only looks. */
	readonly survey = SURVEY;

	/** @param answers to `survey` */
	readSurvey(answers: readonly [string, string]): NetworkSurvey {
		return readSurvey(answers, this.store);
	}

	/** Looks, too, at what `survey` does not show of these parts. */
	comparisonSection(expected: readonly Part[]): Script {
		return comparisonSection(this.#inside, expected);
	}

	/** @param stdout of `comparisonSection` for the same parts */
	compare(survey: NetworkSurvey, stdout: string, expected: readonly Part[]): Comparison {
		return compareNetwork(survey, stdout, expected);
	}
}
