import type { IncomingMessage } from 'node:http';
import Type from 'typebox';
import { KleeneError } from '#errors/kleene-error.ts';

/** A body that is sent as it is made, for `schema.response`. @param type e.g. `application/x-tar` */
export function contentOf(type: string, schema: Type.TSchema = Type.String({ format: 'binary' })) {
	return { description: 'sent as it is made', content: { [type]: { schema } } };
}

/** @param name of the parameter in the query. @throws INVALID_ARGUMENT */
export function timeOf(name: string, text: string | undefined): Date | undefined {
	if (text === undefined) return undefined;
	const milliseconds = Date.parse(text);
	if (!Number.isNaN(milliseconds)) return new Date(milliseconds);
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot use ${name}=${text.slice(0, 80)}`,
		why: 'it is no time in the form of ISO 8601',
		hint: 'give a time such as 2026-11-30T20:15:00Z',
	});
}

/** Values as lines of JSON. */
export async function* linesOf<T extends object>(
	values: AsyncIterable<T>,
	present: (value: T) => object = (value) => value,
): AsyncGenerator<string> {
	for await (const value of values) yield `${JSON.stringify(present(value))}\n`;
}

/**
 * Ends a response that has no end of its own once the client says no more: one that is gone and one that has ended its half
 * of the connection look the same, until something is sent.
 */
export function endWithClient({ socket }: IncomingMessage): void {
	socket.once('end', () => socket.destroy());
}
