/**
 * Holds every response of a daemon against its own /openapi.json. Imported by tests that build the REST half themselves,
 * and preloaded into the kleened of a test host: one that does not fit becomes status 500, and a line of the log.
 */
import { subscribe } from 'node:diagnostics_channel';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Compile, type Validator } from 'typebox/schema';

/** In the message of a response that does not fit. */
export const MISFIT = 'does not match /openapi.json';

interface Document {
	readonly components: object;
	readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

interface Operation {
	readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>;
}

subscribe('fastify.initialization', (message) => {
	const { fastify: app } = message as { fastify: FastifyInstance };
	const checker = new ResponseChecker(() => app.swagger() as unknown as Document);
	app.addHook('onSend', async (request, reply, payload) => {
		checker.check(request, reply, payload);
		return payload;
	});
});

class ResponseChecker {
	readonly #describe: () => Document;
	#document: Document | undefined;
	readonly #validators = new Map<object, Validator>();

	/** @param describe called when the first response is there, after all routes */
	constructor(describe: () => Document) {
		this.#describe = describe;
	}

	/** @throws Error on a response that the description does not allow */
	check(request: FastifyRequest, reply: FastifyReply, payload: unknown): void {
		const { url, schema } = request.routeOptions;
		const hidden = (schema as { hide?: boolean } | undefined)?.hide === true;
		if (url === undefined || hidden || request.method === 'HEAD') return;
		const problem = this.#problemOf(request, reply, payload);
		if (problem === undefined) return;
		throw new Error(`${request.method} ${url}: the response with status ${reply.statusCode} ${MISFIT}: ${problem}`);
	}

	#problemOf({ method, routeOptions }: FastifyRequest, reply: FastifyReply, payload: unknown): string | undefined {
		this.#document ??= this.#describe();
		const path = (routeOptions.url ?? '').replace(/:(\w+)/g, '{$1}');
		const responses = this.#document.paths[path]?.[method.toLowerCase()]?.responses;
		if (!responses) return 'there is no such operation';
		const status = String(reply.statusCode);
		const response = responses[status] ?? responses[`${status[0]}XX`];
		if (!response) return 'there is no such status';
		// fastify sends no body with it.
		const empty = status === '204' || payload === undefined || payload === null || payload === '';
		if (!response.content) return empty ? undefined : 'it has a body';
		const type = String(reply.getHeader('content-type')).split(';')[0] ?? '';
		const schema = response.content[type]?.schema;
		if (!schema) return `there is no media type ${type}`;
		// A stream is not whole yet.
		if (!type.endsWith('json') || payload instanceof Readable) return undefined;
		return this.#mismatch(schema, JSON.parse(String(payload)));
	}

	#mismatch(schema: object, value: unknown): string | undefined {
		const validator = this.#validators.get(schema) ?? Compile({ components: this.#document?.components, ...schema });
		this.#validators.set(schema, validator);
		if (validator.Check(value)) return undefined;
		const [, errors] = validator.Errors(value);
		return errors.map(({ instancePath, message }) => `${instancePath} ${message}`).join('; ');
	}
}
