import { KleeneError } from '#errors/kleene-error.ts';

/** Files that outlive the containers that see them. Its name is its identity. */
export interface Volume {
	readonly name: string;
	/** ISO 8601, UTC. */
	readonly created: string;
	/** Location of its files, in the host's own terms. */
	readonly dataset: string;
}

/** Also one component of the name of a ZFS dataset, and of a path: it never begins with a dot. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

export function isVolumeName(text: string): boolean {
	return NAME.test(text);
}

export function parseVolumeName(text: string): string {
	if (isVolumeName(text)) return text;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot use '${text.slice(0, 140)}' as a volume name`,
		why: 'a name begins with a letter or digit, followed by letters, digits, "_", "." or "-", at most 128 in all',
		hint: 'choose a name such as data',
	});
}
