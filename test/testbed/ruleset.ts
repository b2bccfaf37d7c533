/** The daemon's own table of the firewall, and waiting for its return after somebody else has touched it. */
import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';
import type { TestHost } from './test-host.ts';

/** Its words, without counters, and without order: that of elements in a set is the kernel's own. */
export async function ruleset(host: TestHost): Promise<string> {
	const { stdout, code } = await host.inside('nft', '--stateless', 'list', 'table', 'inet', 'kleene');
	if (code !== 0) return 'no table';
	const parts = stdout.split(/[\n,{}]/).map((part) => part.trim());
	return parts
		.filter((part) => part !== '')
		.toSorted()
		.join('\n');
}

/** @returns after how many milliseconds the table was as before */
export async function assertRestored(host: TestHost, before: string, because = 'the ruleset'): Promise<number> {
	const start = performance.now();
	let now = '';
	const isBack = async () => {
		now = await ruleset(host);
		return now === before;
	};
	// The comparison says more of what is missing than the waiting does.
	await eventually('the ruleset is back', isBack, { within: 10_000, every: 50 }).catch(() => undefined);
	assert.equal(now, before, because);
	return performance.now() - start;
}
