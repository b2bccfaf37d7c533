/** Certificates made by openssl, as the guide "protecting access" makes them. */
import { spawnSync } from 'node:child_process';

const KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1';

export interface CertificateOptions {
	/** Name of the authority in the same folder that signs; default: it signs itself, and is one. */
	readonly by?: string;
	/** `subjectAltName`, e.g. `DNS:localhost,IP:127.0.0.1`. */
	readonly names?: string;
	/** Common name of the subject; default: the name of the files. */
	readonly subject?: string;
}

/** Makes NAME.pem and NAME.key. @param folder an existing directory */
export function makeCertificate(folder: string, name: string, options: CertificateOptions = {}): void {
	const { by, names, subject = name } = options;
	const signed = by === undefined ? '' : ` -CA ${by}.pem -CAkey ${by}.key`;
	const alternatives = names === undefined ? '' : ` -addext subjectAltName=${names}`;
	const command = `req -x509 ${KEY}${signed}${alternatives} -keyout ${name}.key -out ${name}.pem -subj /CN=${subject}`;
	const { status, stderr } = spawnSync('openssl', command.split(' '), { cwd: folder });
	if (status !== 0) throw new Error(`openssl ${command}: ${stderr}`);
}

export const SERVER_NAMES = 'DNS:localhost,IP:127.0.0.1';

/** Makes an authority `ca`, a server and a client of it, and another authority `other`. */
export function makeCertificates(folder: string): void {
	makeCertificate(folder, 'ca');
	makeCertificate(folder, 'other');
	makeCertificate(folder, 'server', { by: 'ca', names: SERVER_NAMES });
	makeCertificate(folder, 'client', { by: 'ca' });
}
