/** TLS of a listener: its files, as `node:tls` takes them. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { messageOf } from '#errors/kleene-error.ts';
import type { ListenerConfig } from '../configuration/config-file.ts';
import { refuseListener } from './address.ts';

/** Keys of a listener that name PEM files. */
export const TLS_FILES = ['tlscert', 'tlskey', 'tlscacert', 'tlsdh'] as const;
type TlsFile = (typeof TLS_FILES)[number];

export interface ListenerTls {
	readonly cert: Buffer;
	readonly key: Buffer;
	readonly ca: Buffer | undefined;
	readonly dhparam: Buffer | undefined;
	/** A connection without a certificate that `ca` signed is refused. */
	readonly requestCert: boolean;
	readonly rejectUnauthorized: boolean;
}

/** @throws KleeneError CONFIG_INVALID when a file is missing, is no PEM, or they do not fit together */
export function readListenerTls(config: ListenerConfig): ListenerTls {
	const verify = config.tlsverify === true;
	const read = (key: TlsFile) => readPem(config, key);
	const ca = read('tlscacert');
	const cert = read('tlscert');
	if (!cert)
		throw refuseListener(config.address, 'TLS needs a certificate', 'give tlscert and tlskey in the configuration');
	if (verify && !ca)
		throw refuseListener(
			config.address,
			'tlsverify needs tlscacert: without it, certificates of every public authority would be accepted',
			'name the CA of your clients with tlscacert',
		);
	// The CA is part of the chain that is sent: a client that does not know it then names it in its refusal.
	const chain = ca ? Buffer.concat([cert, Buffer.from('\n'), ca]) : cert;
	const files = { cert: chain, key: read('tlskey') ?? cert, ca, dhparam: read('tlsdh') };
	try {
		createSecureContext(files);
	} catch (error) {
		const hint = 'tlscert and tlskey have to be a PEM certificate and its own key, tlscacert and tlsdh PEM, too';
		throw refuseListener(config.address, `its TLS files do not fit together: ${messageOf(error)}`, hint);
	}
	return { ...files, requestCert: verify, rejectUnauthorized: verify };
}

export interface CertificateNote {
	/** In one line, e.g. `CN=server`. */
	readonly certificate: string;
	/** ISO 8601. */
	readonly until: string;
}

/** Describes the certificate that is shown, for the log. @param cert PEM, that certificate first */
export function describeCertificate({ cert }: Pick<ListenerTls, 'cert'>): CertificateNote {
	const { subject, validToDate } = new X509Certificate(cert);
	return { certificate: (subject ?? '').replaceAll('\n', ', '), until: validToDate.toISOString() };
}

function readPem(config: ListenerConfig, key: TlsFile): Buffer | undefined {
	const file = config[key];
	if (file === undefined) return undefined;
	try {
		return readFileSync(file);
	} catch (error) {
		const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
		const why = missing ? `there is no file ${file}` : messageOf(error);
		throw refuseListener(config.address, `${key}: ${why}`, `put it there, or correct ${key} in the configuration`);
	}
}
