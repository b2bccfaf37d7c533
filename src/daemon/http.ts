/** The fastify of the daemon: what its routes may say of themselves. */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type {
	FastifyBaseLogger,
	FastifyInstance,
	RawReplyDefaultExpression,
	RawRequestDefaultExpression,
	RawServerDefault,
} from 'fastify';
import type { ErrorStatuses } from './refusals.ts';

declare module 'fastify' {
	interface FastifyContextConfig {
		/** Error statuses of the endpoint in the contract. */
		errors?: ErrorStatuses;
		/** May take longer than the 5 seconds that an unmodified klee waits for a status line. */
		slow?: boolean;
	}
}

export type App = FastifyInstance<
	RawServerDefault,
	RawRequestDefaultExpression,
	RawReplyDefaultExpression,
	FastifyBaseLogger,
	TypeBoxTypeProvider
>;
