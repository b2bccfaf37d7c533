/** Runs one part where it is started, and sends its figures to its parent: `inside.ts PART MILLISECONDS`. */
import { difference, snapshotOfNetwork } from '../../test/testbed/snapshot.ts';
import { Budget, type Figures } from '../../test/torture/part.ts';
import { PARTS } from './parts.ts';

async function main([name, milliseconds]: readonly string[]): Promise<Figures> {
	const part = PARTS.find((one) => one.name === name);
	if (!part) throw new Error(`there is no part ${name}`);
	const before = await snapshotOfNetwork();
	const figures = await part.run(new Budget(Number(milliseconds)));
	// As in the tests: a daemon that leaves the network of its test host changes this one.
	const changes = difference(before, await snapshotOfNetwork());
	return { ...figures, failures: [...figures.failures, ...changes.map((line) => `network of the machine: ${line}`)] };
}

const figures = await main(process.argv.slice(2)).catch((error: unknown): Figures => {
	return { failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)] };
});
process.send?.(figures, () => process.exit());
