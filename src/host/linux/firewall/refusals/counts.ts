import type { RefusalReason } from '#model/traffic/refusal.ts';
import { REFUSAL_CHAINS } from './chains.ts';

/** Packets that were refused for a reason, whatever the verdict. */
export interface RefusalCount {
	readonly reason: RefusalReason;
	readonly packets: number;
	readonly bytes: number;
}

interface Counter {
	readonly name: string;
	readonly packets: number;
	readonly bytes: number;
}

/** @param answer of `nft -j list counters` */
export function readRefusals(answer: unknown): RefusalCount[] {
	const objects = (answer as { nftables?: readonly { counter?: Counter }[] }).nftables ?? [];
	const counts = new Map<RefusalReason, RefusalCount>();
	for (const { counter } of objects) {
		const refusing = counter && REFUSAL_CHAINS.get(counter.name);
		if (!refusing) continue;
		const { reason } = refusing;
		const { packets = 0, bytes = 0 } = counts.get(reason) ?? {};
		counts.set(reason, { reason, packets: packets + counter.packets, bytes: bytes + counter.bytes });
	}
	return [...counts.values()];
}
