import { KleeneError } from '#errors/kleene-error.ts';
import type { ApplyOptions } from '#host/driver.ts';
import { innerEnd } from '#model/cable.ts';
import type { Step } from '#model/step.ts';
import type { Script } from '#os/shell/quote.ts';
import { ConnectionLost, type SectionResult, type Shell } from '#os/shell/shell.ts';
import type { HandlerOptions, PartHandler, PartHandlers } from './handler.ts';
import { translateError } from './refusals.ts';
import { readEnd } from './sandbox/ends.ts';

/** A step that was rendered. */
interface Rendered {
	readonly step: Step;
	/** Place among the steps that were given. */
	readonly index: number;
	readonly script: Script;
	/** Only looks: nothing of the step is done yet. */
	readonly looks: boolean;
}

/**
 * `HostDriver.apply` for a host that is told everything at once: all steps in one exchange. A step that fails throws
 * the refusal it made (see `refusals.ts`), or HOST_FAILED with its error output. Where the connection is lost it throws
 * HOST_UNREACHABLE, and as the rest may have been done, `onDone` is told of all steps.
 */
export async function applyBatch(
	shell: Shell,
	handlers: PartHandlers,
	steps: readonly Step[],
	options: ApplyOptions = {},
): Promise<void> {
	const { keepGoing = false, progress, onDone, onFailure, onEnd, signal } = options;
	const failures: unknown[] = [];
	const fail = (step: Step, error: unknown) => {
		onFailure?.(step, error);
		failures.push(error);
	};
	const whole = { ...options, ...alsoUnmade(steps) };
	// Where every step is tried, none is kept back for the sake of another.
	const rendered = [...(keepGoing ? [] : requirements(handlers, steps)), ...render(handlers, steps, whole, fail)];
	if (failures.length > 0 && !keepGoing) throw failures[0];
	const onSection = (done: number, result: SectionResult) => {
		const { step, index, looks } = rendered[done - 1]!;
		if (result.code !== 0) fail(step, translateError(step, { ...result, commands: describeStep(handlers, step) }));
		else if (failures.length === 0 && !looks) onDone?.(index + 1);
		const end = step.verb === 'unmake' && step.part.kind === 'sandbox' ? readEnd(result.stdout) : undefined;
		if (end && step.part.kind === 'sandbox') onEnd?.(step.part.container, end);
	};
	try {
		if (rendered.length > 0)
			await shell.exchange(
				rendered.map(({ step, script }) => ({ name: step.part.kind, script })),
				{
					keepGoing,
					together: true,
					onSection,
					signal,
					...(progress === undefined ? {} : { onOutput: (_name, line) => progress(line) }),
				},
			);
	} catch (error) {
		if (error instanceof ConnectionLost && error.started) onDone?.(steps.length);
		signal?.throwIfAborted();
		throw unreachable(error);
	}
	if (failures.length > 0) throw failures[0];
}

/** Parts unmade by the same plan: nothing inside them needs cleaning up. */
function alsoUnmade(steps: readonly Step[]): Required<Pick<HandlerOptions, 'cablesOf' | 'goes'>> {
	const parts = steps.flatMap(({ verb, part }) => (verb === 'unmake' ? [part] : []));
	return {
		cablesOf: (container) =>
			parts.flatMap((part) => (part.kind === 'epair' && part.container === container ? [innerEnd(part.unit)] : [])),
		goes: (name) => parts.some((part) => part.kind === 'network-interface' && part.interface === name),
	};
}

/** Describe a step as commands of the host. */
export function describeStep(handlers: PartHandlers, { verb, part }: Step): string[] {
	return handlerOf(handlers, { verb, part }).describe(verb, part);
}

/** A lost connection as the engine knows it; anything else as it is. */
export function unreachable(error: unknown): unknown {
	if (!(error instanceof ConnectionLost)) return error;
	return new KleeneError({
		code: 'HOST_UNREACHABLE',
		what: 'the connection to the host was lost',
		why: error.message,
		hint: 'kleened reconnects and checks the change; see "klee network doctor" then',
		cause: error,
	});
}

function handlerOf(handlers: PartHandlers, { part }: Step): PartHandler<Step['part']['kind']> {
	return handlers[part.kind] as PartHandler<Step['part']['kind']>;
}

function requirements(handlers: PartHandlers, steps: readonly Step[]): Rendered[] {
	return steps.flatMap((step, index) => {
		const script = step.verb === 'make' ? handlerOf(handlers, step).require?.(step.part) : undefined;
		return script ? [{ step, index, script, looks: true }] : [];
	});
}

/** A step whose handler refuses to render it fails without the host being asked. */
function render(
	handlers: PartHandlers,
	steps: readonly Step[],
	options: HandlerOptions,
	fail: (step: Step, error: unknown) => void,
): Rendered[] {
	return steps.flatMap((step, index) => {
		try {
			return [{ step, index, script: handlerOf(handlers, step)[step.verb](step.part, options), looks: false }];
		} catch (error) {
			fail(step, error);
			return [];
		}
	});
}
