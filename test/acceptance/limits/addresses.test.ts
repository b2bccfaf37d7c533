/** The addresses of a network that are used up: one container more is refused in full, and everything else goes on. */
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import type { Outcome } from '#test/testbed/command.ts';
import { LimitedHost } from './limited-host.ts';

let limited: LimitedHost;
before(async () => {
	limited = await LimitedHost.start();
});
after(() => limited.host.close());
afterEach(() => limited.host.removeEverything());

for (const [family, subnet, option] of [
	['inet', '10.4.6.0/30', '--subnet'],
	['inet6', 'fd00:4:6::/126', '--subnet6'],
] as const)
	test(`the ${family} addresses of a network: one more container is refused, until one leaves`, async () => {
		await limited.neighbour();
		await limited.network('small', option, subnet);
		const started: string[] = [];
		let last: Outcome;
		for (let index = 0; ; index += 1) {
			last = await limited.container(`web${index}`, '-n', 'small');
			if (last.code !== 0) break;
			started.push(`web${index}`);
			assert.ok(index < 4, `${subnet} has no room for so many`);
		}
		await limited.requireRefused(last, new RegExp(`no more ${family} IP's left in the network`));
		assert.ok(started.length > 0);
		await limited.host.kleeOutput('rmc', '-f', started[0]!);
		assert.equal((await limited.container('next', '-n', 'small')).code, 0);
	});
