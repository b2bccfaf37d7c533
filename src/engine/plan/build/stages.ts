import type { Action, Dockerfile, Stage, Unexpanded } from '#model/build/dockerfile.ts';

/** Where files come from: another stage of the same Dockerfile, an image, or nothing. */
export type Origin =
	| { readonly kind: 'stage'; readonly index: number }
	| { readonly kind: 'image'; readonly reference: string }
	| { readonly kind: 'scratch' };

/**
 * The origin that a reference means, in a stage.
 *
 * @param reference after variables were replaced: a name or, where `byNumber`, a number of an earlier stage, or an image
 * @param before stages that come earlier: a later one is not meant by its name
 */
export function originOf(reference: string, before: readonly Stage[], byNumber: boolean): Origin {
	const named = before.find((stage) => stage.name === reference.toLowerCase());
	if (named !== undefined) return { kind: 'stage', index: named.index };
	const numbered = byNumber && /^\d+$/.test(reference) ? before[Number(reference)] : undefined;
	if (numbered !== undefined) return { kind: 'stage', index: numbered.index };
	return reference === 'scratch' ? { kind: 'scratch' } : { kind: 'image', reference };
}

/** The stage to build: by name or number, or the last one. @returns undefined where there is no such stage */
export function targetStage(dockerfile: Dockerfile, target: string | undefined): Stage | undefined {
	if (target === undefined) return dockerfile.stages.at(-1);
	const named = dockerfile.stages.find((stage) => stage.name === target.toLowerCase());
	return named ?? (/^\d+$/.test(target) ? dockerfile.stages[Number(target)] : undefined);
}

/**
 * Stages that a stage needs, itself included, in the order of the Dockerfile. Others are not built.
 *
 * @param replace replaces the variables of a reference
 */
export function neededStages(
	dockerfile: Dockerfile,
	target: Stage,
	replace: (reference: string, stage: Stage) => string,
): readonly Stage[] {
	const needed = new Set<number>([target.index]);
	for (const stage of dockerfile.stages.toReversed()) {
		if (!needed.has(stage.index)) continue;
		for (const index of directlyNeeded(stage, dockerfile, replace)) needed.add(index);
	}
	return dockerfile.stages.filter((stage) => needed.has(stage.index));
}

/** Earlier stages that a stage begins with or copies from. */
export function directlyNeeded(
	stage: Stage,
	dockerfile: Dockerfile,
	replace: (reference: string, stage: Stage) => string,
): readonly number[] {
	const before = dockerfile.stages.slice(0, stage.index);
	const origins = [originOf(replace(stage.base, stage), before, false)];
	for (const { action } of stage.instructions) {
		for (const from of references(action)) origins.push(originOf(replace(from, stage), before, true));
	}
	return origins.flatMap((origin) => (origin.kind === 'stage' ? [origin.index] : []));
}

/** Stages and images that an instruction takes files from. */
function references(action: Action): readonly Unexpanded[] {
	if (action.kind === 'copy') return action.from === undefined ? [] : [action.from];
	return action.kind === 'run' ? action.mounts.flatMap(({ options }) => options.from ?? []) : [];
}
