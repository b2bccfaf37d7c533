/** Mode of an operation. */
export interface DryRun {
	/** Plan only: nothing is changed, and the plan is returned in the host's words. */
	readonly dryRun: boolean;
}

/** Either what was done (`id`), or what would be (`plan`). */
export interface Outcome {
	readonly id: string;
	readonly plan?: readonly string[];
}
