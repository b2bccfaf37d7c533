import { createReadStream, createWriteStream, rmSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { usageError } from '../failure.ts';
import type { Action } from '../invocation.ts';
import { LayerProgress } from '../render/layer-progress.ts';
import { errorText, line } from '../render/output.ts';
import { TransferProgress } from '../render/transfer-progress.ts';
import { readSecret } from '../session/secret.ts';

export interface TlsOptions {
	/** `true` or `false`. */
	readonly tlsVerify: string;
}

export const pull: Action<TlsOptions> = async ({ args: [reference = ''], options, client }) => {
	const progress = new LayerProgress();
	const config = { reference, tls_verify: options.tlsVerify === 'true' };
	const id = await client.images.pull(config, (content) => progress.take(content)).finally(() => progress.end());
	line(id);
};

export const push: Action<TlsOptions> = async ({ args: [image = '', reference = ''], options, client }) => {
	const progress = new LayerProgress();
	const config = { image, reference, tls_verify: options.tlsVerify === 'true' };
	const digest = await client.images.push(config, (content) => progress.take(content)).finally(() => progress.end());
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

export interface SaveOptions {
	readonly output?: string;
	readonly format: 'docker' | 'oci';
}

/** To a file, or where standard output leads: a terminal is no place for an archive. */
export const save: Action<SaveOptions> = async ({ args: [image = ''], options, client }) => {
	const { output, format } = options;
	if (output === undefined && process.stdout.isTTY)
		throw usageError('cannot write an archive to a terminal', 'it is no text', 'add -o FILE, or redirect the output');
	const progress = new TransferProgress((bytes) => (bytes === '0 B' ? 'Packing the layers' : `Saved ${bytes}`));
	const archive = progress.counting(client.images.save(image, format));
	await written(archive, output).finally(() => progress.end());
};

async function written(archive: AsyncGenerator<Buffer>, output: string | undefined): Promise<void> {
	// What is refused leaves no file.
	const first = await archive.next();
	const content = async function* () {
		if (!first.done) yield first.value;
		yield* archive;
	};
	if (output === undefined) return pipeline(Readable.from(content(), { objectMode: false }), process.stdout);
	try {
		await pipeline(Readable.from(content(), { objectMode: false }), createWriteStream(output, { mode: 0o644 }));
	} catch (error) {
		rmSync(output, { force: true });
		throw error instanceof KleeneError ? error : fileRefusal('write', output, error);
	}
}

export const load: Action<{ input?: string }> = async ({ options: { input }, client }) => {
	if (input === undefined && process.stdin.isTTY)
		throw usageError('no archive was given', 'standard input is a terminal', 'add -i FILE, or redirect the input');
	const archive = input === undefined ? process.stdin : createReadStream(input);
	const progress = new TransferProgress((bytes) => `Loading an archive of ${bytes}`);
	try {
		const counted = Readable.from(progress.counting(archive as AsyncIterable<Buffer>), { objectMode: false });
		const ids = await client.images.load(counted).finally(() => progress.end());
		for (const id of ids) line(id);
	} catch (error) {
		throw error instanceof KleeneError ? error : fileRefusal('read', input ?? 'standard input', error);
	}
};

function fileRefusal(verb: 'read' | 'write', file: string, error: unknown): KleeneError {
	return new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot ${verb} ${file}`,
		why: reasonOf(error),
		hint:
			verb === 'write'
				? 'name a file in a directory that exists and that you can write to'
				: 'name a file that you can read',
	});
}

function reasonOf(error: unknown): string {
	const { code } = error as NodeJS.ErrnoException;
	if (code === 'ENOENT') return 'there is no such file or directory';
	return code === 'EACCES' ? 'permission denied' : messageOf(error);
}

/** A password, without the end of its line. */
async function readAll(): Promise<string> {
	let read = '';
	for await (const chunk of process.stdin) read += chunk;
	return read.replace(/\r?\n$/, '');
}
