import { KleeneError } from '#errors/kleene-error.ts';

/**
 * A refusal of a Dockerfile.
 *
 * @param number line in the Dockerfile, from 1
 * @param message text that the wire contract gives (section 6.3), where it gives one
 */
export function syntaxError(number: number, why: string, hint: string, message?: string): KleeneError {
	return new KleeneError({
		code: 'DOCKERFILE_INVALID',
		what: 'cannot read the Dockerfile',
		why: `line ${number}: ${why}`,
		hint,
		...(message === undefined ? {} : { message }),
	});
}

export function invalidInstruction(number: number, line: string, why: string, hint: string): KleeneError {
	return syntaxError(number, why, hint, `error in '${line}': invalid instruction`);
}
