/** Chains of other programs, as `nft -j` lists them. Only rules without conditions are evaluated. */
import type { ForeignChain, RulesQuestion } from '#model/host/path.ts';
import { TABLE } from '../firewall/base.ts';

type Json = Readonly<Record<string, unknown>>;

interface BaseChain {
	/** For people. */
	readonly name: string;
	/** In nft's words. */
	readonly place: string;
	readonly policy: string;
}

/** Statements that decide nothing. */
const PASSED_BY = new Set(['counter', 'log', 'comment']);
const DROPS = new Set(['drop', 'reject']);

/**
 * Chains of other tables that a packet passes, in order of their priority.
 *
 * @param answer of `nft -j list chains`
 * @param filtered whether bridged packets pass the rules for routed ones (br_netfilter)
 */
export function chainsAt(answer: unknown, question: RulesQuestion, filtered: boolean): BaseChain[] {
	const { family, hooks, bridge } = question;
	const routed = bridge === 'only' && !filtered ? [] : ['inet', family === 4 ? 'ip' : 'ip6'];
	const families = [...routed, 'netdev', ...(bridge === 'no' ? [] : ['bridge'])];
	return objectsOf(answer, 'chain')
		.filter((chain) => families.includes(String(chain.family)) && `${chain.family} ${chain.table}` !== TABLE)
		.filter(({ hook }) => hooks.some((one) => one === hook) || hook === 'ingress' || hook === 'egress')
		.sort((one, other) => Number(one.prio) - Number(other.prio))
		.map(({ family: of, table, name, policy }) => ({
			name: `chain ${name} of table ${of} ${table}`,
			place: `${of} ${table} ${name}`,
			policy: String(policy ?? 'accept'),
		}));
}

/** Whether Kleene's own chain for forwarded packets is there. @param answer of `nft -j list chains` */
export function hasOwnRules(answer: unknown): boolean {
	const isOwn = ({ family, table, hook }: Json) => `${family} ${table}` === TABLE && hook === 'forward';
	return objectsOf(answer, 'chain').some(isOwn);
}

/** @param answer of `nft -j list chain` @returns the fate of every packet there, as far as rules without conditions decide it */
export function effectOf(answer: unknown, policy: string): ForeignChain['effect'] | 'accept' {
	for (const { expr } of objectsOf(answer, 'rule')) {
		const statements = (expr as readonly Json[]).flatMap((one) => Object.keys(one));
		const deciding = statements.filter((name) => !PASSED_BY.has(name));
		const [only, ...more] = deciding;
		if (only === undefined) continue;
		if (more.length > 0) return 'unknown';
		if (DROPS.has(only)) return 'drop';
		if (only === 'accept' || only === 'return') return only === 'accept' ? 'accept' : effectOfPolicy(policy);
		return 'unknown';
	}
	return effectOfPolicy(policy);
}

function effectOfPolicy(policy: string): 'drop' | 'accept' {
	return policy === 'drop' ? 'drop' : 'accept';
}

function objectsOf(answer: unknown, kind: string): Json[] {
	const objects = (answer as { nftables?: readonly Json[] }).nftables ?? [];
	return objects.flatMap((object) => (object[kind] ? [object[kind] as Json] : []));
}
