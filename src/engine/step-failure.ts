import { isKleeneError } from '#errors/kleene-error.ts';
import type { Step } from '#model/step.ts';

/** A step that failed, and its error. */
export interface StepFailure {
	readonly step: Step;
	readonly error: unknown;
}

/** Whether processes live on that have to end before anything of them goes, or it is not known what became of a step. */
export function isUnsettled(failure: StepFailure): boolean {
	return endsProcesses(failure.step) || isUnreachable(failure);
}

export function isUnreachable({ error }: StepFailure): boolean {
	return isKleeneError(error) && error.code === 'HOST_UNREACHABLE';
}

export function endsProcesses({ verb, part }: Step): boolean {
	return verb === 'unmake' && part.kind === 'sandbox';
}
