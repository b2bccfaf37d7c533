/** The part of the boundary between the engine and a host that tells which way the kernel would send a packet. */
import type { NeighbourAnswer, Path, PathQuestion, RulesOnTheWay, RulesQuestion } from '#model/host/path.ts';

export interface HostPaths {
	path(question: PathQuestion): Path;
	/** Largest packet of an interface, in bytes. @returns undefined where there is none of that name */
	mtu(name: string, container?: string): number | undefined;
	/**
	 * Asks on a link of the host for an address there, unless it answered just now. Takes some seconds when nobody answers.
	 *
	 * @returns undefined where nobody answers
	 */
	neighbour(name: string, address: string): Promise<NeighbourAnswer | undefined>;
	/** Rules on the host, apart from what those of Kleene say. */
	rules(question: RulesQuestion): RulesOnTheWay;
}
