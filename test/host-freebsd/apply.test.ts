import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applySteps } from '#host/freebsd/apply.ts';
import type { PartHandlers } from '#host/freebsd/handler.ts';
import { make, type Step } from '#model/step.ts';
import { LocalShell } from '#os/shell/local.ts';
import { sh } from '#os/shell/quote.ts';

const layout = (name: string): Step => make({ kind: 'layout', layout: name, location, skip: [] });
const address = (name: string): Step => make({ kind: 'interface-address', interface: 'kleene0', address: name });
const location = { kind: 'registry', reference: 'web', insecure: false } as const;

/** Handlers that note what they do; `broken` fails. */
function handlers(done: string[]): PartHandlers {
	const note = (name: string) => {
		if (name === 'broken') throw new Error('broken');
		done.push(name);
	};
	return {
		'interface-address': {
			make: ({ address: name }: { address: string }) => sh`echo ${name}; [ ${name} != broken ]`,
			describe: () => [],
		},
		layout: {
			perform:
				(_verb: string, { layout: name }: { layout: string }) =>
				async () =>
					note(name),
		},
	} as unknown as PartHandlers;
}

test('steps that the daemon performs are done between the exchanges, in their order, and counted', async () => {
	const done: string[] = [];
	const counts: number[] = [];
	const steps = [address('a'), address('b'), layout('c'), layout('d'), address('e')];
	const progress = (text: string) => void done.push(text.trim());
	await applySteps(new LocalShell(), handlers(done), steps, { progress, onDone: (count) => counts.push(count) });
	assert.deepEqual(done, ['a', 'b', 'c', 'd', 'e']);
	assert.deepEqual(counts, [1, 2, 3, 4, 5]);
});

test('the first failure ends it, or is thrown at the end where all are tried', async () => {
	for (const keepGoing of [false, true])
		for (const broken of [address('broken'), layout('broken')]) {
			const done: string[] = [];
			const failed: Step[] = [];
			const counts: number[] = [];
			const progress = (text: string) => void done.push(text.trim());
			const options = { keepGoing, progress, onDone: (count: number) => void counts.push(count) };
			const steps = [layout('a'), broken, address('b'), layout('c')];
			const onFailure = (step: Step) => void failed.push(step);
			await assert.rejects(applySteps(new LocalShell(), handlers(done), steps, { ...options, onFailure }));
			assert.deepEqual(
				done.filter((name) => name !== 'broken'),
				keepGoing ? ['a', 'b', 'c'] : ['a'],
			);
			assert.deepEqual([failed, counts], [[broken], [1]]);
		}
});
