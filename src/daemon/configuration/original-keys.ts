/** Keys of the configuration file that the original Kleene ships, where they mean something else here, or nothing. */

/** Keys without a meaning here, each with the reason. */
const WITHOUT_MEANING: Readonly<Record<string, string>> = {
	pf_config_template_path: 'rules of Kleene are in anchors of their own, see "kleened setup-pf"',
	pf_config_path: 'kleened writes no pf.conf, see "kleened setup-pf"',
};

export interface WithoutOriginalKeys {
	readonly rest: unknown;
	/** One line for the log per key that was left out. */
	readonly notes: readonly string[];
}

/** @param parsed a whole configuration file */
export function leaveOutOriginalKeys(parsed: unknown): WithoutOriginalKeys {
	if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return { rest: parsed, notes: [] };
	const entries = Object.entries(parsed);
	const notes = entries.flatMap(([key]) =>
		Object.hasOwn(WITHOUT_MEANING, key) ? `ignored ${key} of the configuration file: ${WITHOUT_MEANING[key]}` : [],
	);
	return { rest: Object.fromEntries(entries.filter(([key]) => !Object.hasOwn(WITHOUT_MEANING, key))), notes };
}

/** `zroot/kleene`: the original has a dataset as `kleene_root`, where ours is a directory. */
export function isDatasetRoot(root: string | undefined): root is string {
	return root !== undefined && /^[a-zA-Z][\w.:-]*(\/[\w.:-]+)+$/.test(root);
}
