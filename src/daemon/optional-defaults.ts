/** Description of requests in JSON Schema. */
import type Type from 'typebox';

/**
 * Makes a copy of a schema of requests in which keys with a default are optional, at any depth: a client may leave them
 * out. TypeBox lists them as required, since they are always there for whoever reads a parsed request.
 */
export function withOptionalDefaults<T extends Type.TSchema>(schema: T): T {
	return copy(schema) as T;
}

function copy(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(copy);
	if (typeof value !== 'object' || value === null) return value;
	const copied = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, copy(one)]));
	if (!Array.isArray(copied.required) || !isObject(copied.properties)) return copied;
	const { required, properties, ...rest } = copied;
	const needed = required.filter((key) => !hasDefault(properties[key]));
	return { ...rest, ...(needed.length > 0 && { required: needed }), properties };
}

function hasDefault(schema: unknown): boolean {
	return isObject(schema) && 'default' in schema;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
	return typeof value === 'object' && value !== null;
}
