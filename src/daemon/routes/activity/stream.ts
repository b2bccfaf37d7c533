import Type from 'typebox';

/** A body that is sent as it is made, for `schema.response`. @param type e.g. `application/x-tar` */
export function contentOf(type: string, schema: Type.TSchema = Type.String({ format: 'binary' })) {
	return { description: 'sent as it is made', content: { [type]: { schema } } };
}
