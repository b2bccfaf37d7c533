import type { ApplyOptions } from '#host/driver.ts';
import type { Step } from '#model/step.ts';
import type { Shell } from '#os/shell/shell.ts';
import { applyBatch } from './batch.ts';
import type { PartHandler, PartHandlers } from './handler.ts';

type Performance = (options: ApplyOptions) => Promise<void>;

/** Neighbouring steps that are done in one exchange, or one that the daemon performs. */
interface Group {
	/** Place of the first one among all steps. */
	readonly from: number;
	readonly steps: Step[];
	readonly perform: Performance | undefined;
}

/** `HostDriver.apply`: steps that are scripts in as few exchanges as their order allows, the others one by one. */
export async function applySteps(
	shell: Shell,
	handlers: PartHandlers,
	steps: readonly Step[],
	options: ApplyOptions = {},
): Promise<void> {
	let failure: { readonly error: unknown } | undefined;
	for (const { from, steps: group, perform } of groups(handlers, steps)) {
		const onDone = (count: number) => {
			if (!failure) options.onDone?.(from + count);
		};
		try {
			if (perform) await performOne(group[0]!, perform, { ...options, onDone });
			else await applyBatch(shell, handlers, group, { ...options, onDone });
		} catch (error) {
			if (!options.keepGoing) throw error;
			failure ??= { error };
		}
	}
	if (failure) throw failure.error;
}

function groups(handlers: PartHandlers, steps: readonly Step[]): Group[] {
	const all: Group[] = [];
	for (const [index, step] of steps.entries()) {
		const handler = handlers[step.part.kind] as PartHandler<Step['part']['kind']>;
		const perform = handler.perform?.(step.verb, step.part);
		const last = all.at(-1);
		if (last && !last.perform && !perform) last.steps.push(step);
		else all.push({ from: index, steps: [step], perform });
	}
	return all;
}

async function performOne(step: Step, perform: Performance, options: ApplyOptions): Promise<void> {
	try {
		await perform(options);
		options.onDone?.(1);
	} catch (error) {
		options.onFailure?.(step, error);
		throw error;
	}
}
