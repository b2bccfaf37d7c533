import { usageError } from '../failure.ts';
import type { Action } from '../invocation.ts';
import { errorText, line } from '../render/output.ts';
import { readSecret } from '../session/secret.ts';
import { Progress } from './image.ts';

export interface TlsOptions {
	/** `true` or `false`. */
	readonly tlsVerify: string;
}

export const pull: Action<TlsOptions> = async ({ args: [reference = ''], options, client }) => {
	const progress = new Progress('stderr');
	const config = { reference, tls_verify: options.tlsVerify === 'true' };
	const id = await client.images.pull(config, (content) => progress.take(content)).finally(() => progress.endLine());
	line(id);
};

export const push: Action<TlsOptions> = async ({ args: [image = '', reference = ''], options, client }) => {
	const progress = new Progress('stderr');
	const config = { image, reference, tls_verify: options.tlsVerify === 'true' };
	const digest = await client.images
		.push(config, (content) => progress.take(content))
		.finally(() => progress.endLine());
	line(digest);
};

export interface LoginOptions extends TlsOptions {
	readonly username?: string;
	readonly passwordStdin?: boolean;
}

export const login: Action<LoginOptions> = async ({ args: [registry = ''], options, client }) => {
	const { username: user } = options;
	if (user === undefined)
		throw usageError('no user name was given', 'a registry knows its users by name', 'add -u NAME');
	const password = options.passwordStdin ? await readAll() : await readSecret(`Password of ${user}: `);
	await client.images.login({ registry, user, password, tls_verify: options.tlsVerify === 'true' });
	errorText('Login succeeded.\n');
};

export const logout: Action<object> = async ({ args: [registry = ''], client }) => {
	await client.images.logout(registry);
};

/** A password, without the end of its line. */
async function readAll(): Promise<string> {
	let read = '';
	for await (const chunk of process.stdin) read += chunk;
	return read.replace(/\r?\n$/, '');
}
