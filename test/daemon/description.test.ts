/** Requests in /openapi.json: what a client may leave out is not listed as required. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { startApi } from './api.ts';

interface Schema {
	readonly required?: readonly string[];
	readonly properties?: Readonly<Record<string, Schema>>;
	readonly default?: unknown;
	readonly [key: string]: unknown;
}

interface Operation {
	readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
	readonly parameters?: readonly { readonly name: string; readonly required?: boolean; readonly schema: Schema }[];
	readonly responses: object;
	readonly 'x-websocket'?: { readonly first: Schema };
}

let api: Awaited<ReturnType<typeof startApi>>;
let components: Readonly<Record<string, Schema>>;
let operations: [string, Operation][];

before(async () => {
	api = await startApi();
	const { body } = await api.call('GET', '/openapi.json');
	components = body.components.schemas;
	const paths = Object.entries(body.paths as Record<string, Record<string, Operation>>);
	operations = paths.flatMap(([path, methods]) =>
		Object.entries(methods).map(([method, one]): [string, Operation] => [`${method} ${path}`, one]),
	);
});

/** Keys that are required and have a default, in any schema below. */
function defaulted(value: unknown, place: string): string[] {
	if (typeof value !== 'object' || value === null) return [];
	const { required = [], properties = {}, $ref } = value as Schema;
	if (typeof $ref === 'string') return defaulted(components[$ref.split('/').at(-1) ?? ''], $ref);
	const here = Array.isArray(required) ? required.filter((key) => properties[key]?.default !== undefined) : [];
	return [
		...here.map((key) => `${place}.${key}`),
		...Object.entries(value).flatMap(([key, one]) => defaulted(one, `${place}.${key}`)),
	];
}

test('no request of any route requires what has a default', () => {
	assert.ok(operations.length > 60);
	for (const [name, { requestBody, parameters = [], 'x-websocket': stream }] of operations) {
		const bodies = Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => defaulted(schema, ''));
		assert.deepEqual([...bodies, ...defaulted(stream?.first, '')], [], name);
		const wrong = parameters.filter((one) => one.required && one.schema.default !== undefined);
		assert.deepEqual(
			wrong.map((one) => one.name),
			[],
			name,
		);
	}
});

test('what has no default is still required, and defaults are still told', () => {
	const of = (name: string) => operations.find(([one]) => one === name)?.[1];
	const network = of('post /networks/create')?.requestBody?.content['application/json']?.schema;
	assert.deepEqual(network?.required?.toSorted(), ['name', 'type']);
	const build = of('get /images/build')?.['x-websocket']?.first;
	assert.deepEqual(
		[build?.required, build?.properties?.dockerfile?.default],
		[['context', 'container_config'], 'Dockerfile'],
	);
});

test('responses list every key that is always there', () => {
	const [, list] = operations.find(([name]) => name === 'get /networks/list') ?? [];
	assert.match(JSON.stringify(list?.responses), /#\/components\/schemas\/Network"/);
	assert.ok(components.Network?.required?.includes('nat'));
});
