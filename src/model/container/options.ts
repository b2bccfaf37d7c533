/** Policies of restart after an end by itself; `on-failure:N`: N times at most. `always` also starts with the daemon. */
export type RestartAfterEnd = 'always' | 'unless-stopped' | 'on-failure' | `on-failure:${number}`;

/** Limits of the resources that all processes of a container use together. */
export interface ResourceLimits {
	/** Bytes; swap is not on top of it. */
	readonly memory?: number;
	/** Processors, e.g. 1.5. */
	readonly cpus?: number;
	/** Processes and threads. */
	readonly pids?: number;
}

/** Settings of a container beyond those of the original Kleene; what is absent has its default. */
export interface ContainerOptions extends ResourceLimits {
	/** Absolute; absent: that of the image. */
	readonly workdir?: string;
	/** Words in front of the command, and the command of the image does not count; absent: those of the image. */
	readonly entrypoint?: readonly string[];
	readonly labels?: Readonly<Record<string, string>>;
	readonly restart?: RestartAfterEnd;
}

/** @returns the most restarts that a policy allows; undefined: it is not about failures */
export function mostRestarts(policy: RestartAfterEnd): number | undefined {
	if (!policy.startsWith('on-failure')) return undefined;
	const [, most] = policy.split(':');
	return most === undefined ? Number.POSITIVE_INFINITY : Number(most);
}

/** @returns undefined where nothing is limited */
export function limitsAmong({ memory, cpus, pids }: ContainerOptions): ResourceLimits | undefined {
	const limits = {
		...(memory === undefined ? {} : { memory }),
		...(cpus === undefined ? {} : { cpus }),
		...(pids === undefined ? {} : { pids }),
	};
	return Object.keys(limits).length > 0 ? limits : undefined;
}
