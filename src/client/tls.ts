import { KleeneError, messageOf } from '#errors/kleene-error.ts';

export interface TlsFiles {
	/** PEM certificate and key that this client shows. */
	readonly cert?: string | undefined;
	readonly key?: string | undefined;
	/** PEM of the only authority to trust. Implies `verify`. */
	readonly cacert?: string | undefined;
	/** Check the certificate of the daemon. Without it and `cacert` any certificate is accepted. */
	readonly verify?: boolean | undefined;
}

/** The part of `tls.connect` options that both HTTPS and WebSockets take. */
export interface TlsOptions {
	readonly rejectUnauthorized: boolean;
	readonly cert?: Buffer;
	readonly key?: Buffer;
	readonly ca?: Buffer;
}

export function readTls(files: TlsFiles): TlsOptions {
	return {
		rejectUnauthorized: files.verify === true || files.cacert !== undefined,
		...(files.cert !== undefined && { cert: read('certificate', files.cert) }),
		...(files.key !== undefined && { key: read('key', files.key) }),
		...(files.cacert !== undefined && { ca: read('CA certificate', files.cacert) }),
	};
}

function read(kind: string, path: string): Buffer {
	try {
		return process.getBuiltinModule('node:fs').readFileSync(path);
	} catch (cause) {
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: `cannot read the TLS ${kind} ${path}`,
			why: messageOf(cause),
			hint: 'name a readable PEM file with --tlscert, --tlskey or --tlscacert',
			cause,
		});
	}
}
