import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import fastify, {
	type FastifyBaseLogger,
	type FastifyReply,
	type FastifyRequest,
	type FastifySchema,
	LogController,
} from 'fastify';
import type { TSchema } from 'typebox';

import type { Engine } from '#engine/engine.ts';
import { refuseExhausted } from '#errors/exhaustion.ts';
import { isKleeneError, KleeneError } from '#errors/kleene-error.ts';
import type { App } from './http.ts';
import { lazySerializers, lazyValidators } from './lazy-schemas.ts';
import { withOptionalDefaults } from './optional-defaults.ts';
import { ERROR_RESPONSES, errorAnswer, statusOf, validationMessage } from './refusals.ts';
import { activityRoutes } from './routes/activity/activity.ts';
import { buildRoutes } from './routes/builds.ts';
import { containerRoutes } from './routes/containers.ts';
import { diagnosisRoutes } from './routes/diagnosis.ts';
import { executionRoutes } from './routes/executions.ts';
import { imageRoutes } from './routes/images.ts';
import { networkRoutes } from './routes/networks.ts';
import { observabilityRoutes } from './routes/observability/observability.ts';
import { imageArchiveRoutes, registryRoutes } from './routes/registries.ts';
import { systemRoutes } from './routes/system.ts';
import { volumeRoutes } from './routes/volumes.ts';
import { describeStreams } from './streams/description.ts';
import { typeText } from './typed-text.ts';

/** An interim answer this often keeps a client with a 5-second timer waiting. */
const PROCESSING_INTERVAL = 3000;

/**
 * As much as a request line can hold: an identifier that is too long for a name is not found, as any other that nothing
 * has. fastify's own limit of 100 answered 404 for the path, and names may have 128 characters.
 */
const LONGEST_IDENTIFIER = 16 * 1024;

/** The REST half of the API. It opens no port: listeners hand it requests (`app.routing`). */
export async function buildApp(engine: Engine, logger: FastifyBaseLogger): Promise<App> {
	const app: App = fastify({
		loggerInstance: logger,
		logController: new LogController({ disableRequestLogging: true }),
		bodyLimit: 4 * 1024 * 1024,
		routerOptions: { maxParamLength: LONGEST_IDENTIFIER },
		// A path that cannot be decoded comes to no route.
		frameworkErrors: answerError,
		schemaController: { compilersFactory: { buildValidator: lazyValidators, buildSerializer: lazySerializers } },
		ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true } },
	}).withTypeProvider<TypeBoxTypeProvider>();

	await app.register(swagger, {
		transform: ({ schema, url }) => ({ schema: describeRequest(schema), url }),
		refResolver: { buildLocalReference: ({ $id }, _base, _fragment, index) => String($id ?? `def-${index}`) },
		openapi: {
			openapi: '3.1.0',
			info: { title: 'Kleene', description: 'Container platform with a focus on networking', version: '0.1.0' },
			paths: describeStreams(),
		},
	});
	app.setErrorHandler(answerError);
	app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('not found'));
	app.addHook('onRoute', ({ schema }) => {
		if (schema && !schema.hide) schema.response = { ...(schema.response as object), ...ERROR_RESPONSES };
	});
	app.addHook('onRequest', async (request, reply) => {
		if (request.routeOptions.config.slow) keepWaiting(reply);
	});
	app.addHook('preValidation', async (request) => typeText(request));

	networkRoutes(app, engine);
	diagnosisRoutes(app, engine);
	containerRoutes(app, engine, logger);
	activityRoutes(app, engine);
	observabilityRoutes(app, engine);
	imageRoutes(app, engine);
	imageArchiveRoutes(app, engine);
	buildRoutes(app, engine);
	registryRoutes(app, engine);
	volumeRoutes(app, engine);
	systemRoutes(app, engine);
	executionRoutes(app, engine);
	app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
	await app.ready();
	return app;
}

/** What a client has to send: all that has no default. Of responses nothing is changed. */
function describeRequest(schema: FastifySchema): FastifySchema {
	const { body, querystring } = schema as { body?: TSchema; querystring?: TSchema };
	return {
		...schema,
		...(body && { body: withOptionalDefaults(body) }),
		...(querystring && { querystring: withOptionalDefaults(querystring) }),
	};
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
	const refusal = asRefusal(error);
	const { status, type, body } = errorAnswer(
		refusal,
		request.routeOptions.config?.errors ?? [404, 500],
		request.headers,
	);
	if (statusOf(refusal) === 500) logFailure(request, refusal);
	return reply.code(status).header('vary', 'accept').type(type).send(body);
}

/** Refusals say all there is to know; a defect of ours shows its stack. */
function logFailure({ log, url }: FastifyRequest, error: unknown): void {
	if (!isKleeneError(error)) log.error({ err: error, url }, 'request failed');
	else log.warn({ url, code: error.code, error: error.message, hint: error.hint }, 'request refused');
}

/** Requests that do not fit their schema are refusals too; fastify's own errors carry `validation` or a 4xx status. */
function asRefusal(error: unknown): unknown {
	const { validation, statusCode, message } = error as { validation?: []; statusCode?: number; message: string };
	if (!validation && !(statusCode && statusCode < 500)) return refuseExhausted('cannot complete the request', error);
	const why = validationMessage({ message, validation });
	return new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: 'cannot understand the request',
		why,
		hint: 'see /openapi.json for the schema',
		message: why,
		cause: error,
	});
}

function keepWaiting(reply: FastifyReply): void {
	const timer = setInterval(() => {
		if (reply.raw.headersSent) clearInterval(timer);
		else reply.raw.writeProcessing();
	}, PROCESSING_INTERVAL);
	reply.raw.once('close', () => clearInterval(timer));
}
