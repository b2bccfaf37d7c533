import type { FastifyRequest } from 'fastify';

/** Keywords of a JSON schema that allow text in place of another type. */
interface Shape {
	readonly type?: string;
	readonly properties?: Readonly<Record<string, Shape>>;
	readonly items?: Shape;
	readonly anyOf?: readonly Shape[];
}

/**
 * The text of a request in the types of its schema, in place. The validator itself must not do that: it would make
 * `''` of the null that says "unchanged". A query is nothing but text; in a body klee has "true" and "false" for booleans.
 */
export function typeText({ body, query, routeOptions: { schema } }: FastifyRequest): void {
	if (schema?.querystring) typed(schema.querystring, query, { numbers: true });
	if (schema?.body) typed(schema.body, body, { numbers: false });
}

function typed(schema: Shape, value: unknown, options: { readonly numbers: boolean }): unknown {
	if (typeof value === 'string') return typedText(schema, value, options);
	if (typeof value !== 'object' || value === null) return value;
	const holder = value as Record<string, unknown>;
	for (const key of Object.keys(holder)) {
		const inner = innerOf(schema, key, Array.isArray(value));
		if (inner) holder[key] = typed(inner, holder[key], options);
	}
	return value;
}

function innerOf(schema: Shape, key: string, list: boolean): Shape | undefined {
	const [inner] = [schema, ...(schema.anyOf ?? [])].flatMap(({ items, properties }) =>
		list ? (items ?? []) : properties && Object.hasOwn(properties, key) ? (properties[key] ?? []) : [],
	);
	return inner;
}

function typedText(schema: Shape, text: string, { numbers }: { readonly numbers: boolean }): unknown {
	const types = [schema, ...(schema.anyOf ?? [])].map(({ type }) => type);
	if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
	const numeric = numbers && (types.includes('number') || types.includes('integer'));
	return numeric && /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
}
