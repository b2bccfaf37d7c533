import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';

/** Commands that hints name without the options that tell them which daemon is meant. */
const COMMAND = /"kleened (recover|restore FILE|--new-store)"/g;
const PLAIN = /^[\w@%+=:,./-]+$/;

/**
 * Completes the commands in the hint of an error, so that they work when they are pasted.
 *
 * @param options of this daemon, as typed; `--new-store` is left out
 * @param quote makes one word of a shell of it
 */
export function withOwnOptions(error: unknown, options: readonly string[], quote: (word: string) => string): unknown {
	if (!isKleeneError(error)) return error;
	const words = options.filter((word) => word !== '--new-store').map((word) => (PLAIN.test(word) ? word : quote(word)));
	const hint = error.hint.replace(COMMAND, (_, command: string) => `"${['kleened', command, ...words].join(' ')}"`);
	const { code, what, why, message, cause } = error;
	return new KleeneError({ code, what, why, hint, message, cause });
}
