import type { ErrorCode } from '#errors/codes.ts';

/** Translates error output of FreeBSD tools for users. */
export interface Explanation {
	readonly code: ErrorCode;
	readonly why: string;
	readonly hint: string;
}

/** A text that is known, and what it means; `$1` and so on stand for what the pattern found. */
export type KnownWords = readonly (readonly [RegExp, Explanation])[];

/** The first that fits. */
export function explainBy(known: KnownWords, words: string): Explanation | undefined {
	for (const [pattern, { code, why, hint }] of known) {
		const found = pattern.exec(words);
		if (!found) continue;
		const fill = (text: string) => text.replace(/\$(\d)/g, (_, index: string) => found[Number(index)] ?? '');
		return { code, why: fill(why), hint: fill(hint) };
	}
	return undefined;
}
