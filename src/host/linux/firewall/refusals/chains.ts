/**
 * Chains in which every refusal of our table ends, one for each verdict and reason. Rules lead there by `goto`. Each chain
 * counts, and, while somebody listens, hands a few packets a second to a group of nfnetlink_log; then it refuses.
 */
import type { Refusal, RefusalReason } from '#model/traffic/refusal.ts';

/** Answer to a refused packet, so that the sender fails at once instead of waiting. */
const REJECT = 'reject with icmpx type admin-prohibited';

/** Packets that each chain reports. Beyond, they are only counted. */
const RATE = 'limit rate 100/second burst 100 packets';
/** Bytes of a packet that are reported: headers of IP with extensions, and ports. */
const REPORTED_LENGTH = 128;
/** Begins the prefix of reported packets, for other readers of the group, too. */
const MARK = 'kleene: ';

/** Verdict and reason of a chain. */
export type Refusing = Pick<Refusal, 'verdict' | 'reason'>;

const REASONS: Readonly<Record<RefusalReason, readonly Refusal['verdict'][]>> = {
	'icc-off': ['reject'],
	'icc-off-internal': ['reject'],
	'leaves-internal': ['reject'],
	'enters-internal': ['reject', 'drop'],
	'networks-apart': ['reject'],
	'outside-apart': ['drop'],
	transit: ['drop'],
	'source-refused': ['drop'],
	'host-closed': ['reject'],
	'foreign-source': ['drop'],
	'host-loopback': ['drop'],
	'connection-limit': ['drop'],
	'query-limit': ['drop'],
	'no-connection': ['drop'],
};

/** All chains of refusals by name, which is also that of their counter. */
export const REFUSAL_CHAINS: ReadonlyMap<string, Refusing> = new Map(
	(Object.keys(REASONS) as RefusalReason[]).flatMap((reason) =>
		REASONS[reason].map((verdict): [string, Refusing] => [chainOf({ verdict, reason }), { verdict, reason }]),
	),
);

function chainOf({ verdict, reason }: Refusing): string {
	return `${verdict}_${reason.replaceAll('-', '_')}`;
}

/** End of a rule that refuses. */
export function refuse(verdict: Refusal['verdict'], reason: RefusalReason): string {
	return `counter goto ${chainOf({ verdict, reason })}`;
}

/** Declares the chains and their counters. @param table with its family. Safe to repeat. */
export function declareRefusals(table: string): string {
	const lines = [...REFUSAL_CHAINS.keys()].flatMap((name) => [
		`add counter ${table} ${name}`,
		`add chain ${table} ${name}`,
	]);
	return `${lines.join('\n')}\n`;
}

/** Rules of the chains. @param group of nfnetlink_log that packets are reported to; undefined: nobody listens */
export function renderRefusals(table: string, group: number | undefined): string {
	const lines = [...REFUSAL_CHAINS].flatMap(([name, { verdict, reason }]) => [
		`flush chain ${table} ${name}`,
		`add rule ${table} ${name} counter name ${name}`,
		...(group === undefined
			? []
			: [
					`add rule ${table} ${name} ${RATE} log prefix "${MARK}${verdict} ${reason}" group ${group} snaplen ${REPORTED_LENGTH}`,
				]),
		`add rule ${table} ${name} ${verdict === 'reject' ? REJECT : 'drop'}`,
	]);
	return `${lines.join('\n')}\n`;
}

/** Reads the prefix of a reported packet. @returns undefined for one that is not ours */
export function refusingOf(prefix: string): Refusing | undefined {
	if (!prefix.startsWith(MARK)) return undefined;
	const [verdict, reason = ''] = prefix.slice(MARK.length).split(' ');
	return REFUSAL_CHAINS.get(`${verdict}_${reason.replaceAll('-', '_')}`);
}

/** Whether a rule, as `nft -j` lists it, only reports refused packets. */
export function isReport(rule: unknown): boolean {
	const statements = rule as readonly { readonly log?: { readonly prefix?: string } }[];
	return statements.some(({ log }) => log?.prefix?.startsWith(MARK));
}
