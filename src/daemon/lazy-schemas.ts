/**
 * Compilers of schemas that wait for the first request of a route. Most routes are never asked for in the life of a daemon,
 * and each compiled schema takes time at the start and memory for good.
 */
import selectValidator, { type BuildCompilerFromPool as ValidatorFactory } from '@fastify/ajv-compiler';
import selectSerializer from '@fastify/fast-json-stringify-compiler';

type SerializerFactory = ReturnType<typeof selectSerializer>;

const buildCompiler = selectValidator();
const buildSerializers = selectSerializer();

export const lazyValidators: ValidatorFactory = (schemas, options) => {
	const compile = buildCompiler(schemas, options);
	return (route) => {
		let compiled: ReturnType<typeof compile> | undefined;
		const validate = (value: unknown) => {
			compiled ??= compile(route);
			const result = compiled(value);
			// fastify reads the reasons from the function.
			Object.assign(validate, { errors: compiled.errors });
			return result;
		};
		return validate as ReturnType<typeof compile>;
	};
};

export const lazySerializers: SerializerFactory = (schemas, options) => {
	const compile = buildSerializers(schemas, options);
	return (route) => {
		let serialize: ReturnType<typeof compile> | undefined;
		return (document) => {
			serialize ??= compile(route);
			return serialize(document);
		};
	};
};
