import type Type from 'typebox';
import Value from 'typebox/value';

/** A configuration frame that fits, or what is wrong with it in the contract's words. */
export type Parsed<T> = { readonly config: T } | { readonly problem: string };

/** Reads the first frame of a stream: JSON, with defaults filled in and booleans accepted as text. */
export function parseFirstFrame<S extends Type.TSchema>(schema: S, text: string): Parsed<Type.Static<S>> {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return { problem: 'not valid JSON' };
	}
	if (typeof value !== 'object' || value === null) return { problem: `Invalid object. Got: ${typeName(value)}` };
	const converted = convertBooleans(schema, Value.Default(schema, value));
	if (Value.Check(schema, converted)) return { config: converted as Type.Static<S> };
	return { problem: describe(schema, converted as Record<string, unknown>) };
}

/** klee sends `"start_container":"true"`. Only these two words are booleans. */
function convertBooleans(schema: Type.TSchema, value: unknown): unknown {
	const entries = Object.entries(value as Record<string, unknown>).map(([key, entry]) => {
		const boolean = propertyOf(schema, key)?.type === 'boolean' && (entry === 'true' || entry === 'false');
		return [key, boolean ? entry === 'true' : entry];
	});
	return Object.fromEntries(entries);
}

interface Property {
	readonly type?: string;
}

function propertyOf(schema: Type.TSchema, key: string): Property | undefined {
	return (schema as { properties?: Record<string, Property> }).properties?.[key];
}

function describe(schema: Type.TSchema, value: Record<string, unknown>): string {
	const required = (schema as { required?: string[] }).required ?? [];
	const missing = required.find((name) => value[name] === undefined);
	if (missing) return `Missing field: ${missing}`;
	for (const [key, entry] of Object.entries(value)) {
		const type = propertyOf(schema, key)?.type;
		if (type && type !== typeName(entry) && !(type === 'integer' && Number.isInteger(entry)))
			return `Invalid ${type}. Got: ${typeName(entry)}`;
	}
	const [error] = Value.Errors(schema, value);
	return error ? `Invalid value: ${error.instancePath} ${error.message}` : 'Invalid value';
}

function typeName(value: unknown): string {
	if (value === null) return 'null';
	return Array.isArray(value) ? 'array' : typeof value;
}
