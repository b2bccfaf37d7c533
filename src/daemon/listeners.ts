import { lstatSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect, isIP, type ListenOptions } from 'node:net';
import { dirname } from 'node:path';
import { createSecureContext, type SecureContextOptions, type TlsOptions } from 'node:tls';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import type { ListenerConfig } from './configuration/config-file.ts';
import type { App } from './http.ts';
import { shareSocket } from './socket-group.ts';
import type { Streams } from './streams/upgrade.ts';

/** Address of a listener, parsed from its URL: a UNIX socket or an IP address and port. */
function parseListenAddress(address: string): { readonly secure: boolean; readonly at: ListenOptions } {
	const match = /^(https?):\/\/(\/[^?#]*|[^/?#]*)\/?$/.exec(address);
	const secure = match?.[1] === 'https';
	const place = match?.[2] ?? '';
	if (place.startsWith('/')) return { secure, at: { path: place } };
	const host = /^(?:\[([^\]]+)\]|([^:@]+))(?::(\d+))?$/.exec(place);
	const ip = host?.[1] ?? host?.[2] ?? '';
	const port = Number(host?.[3] ?? (secure ? 443 : 80));
	if (!match || isIP(ip) === 0 || port > 65_535)
		throw refuse(address, 'it is not a listener address', 'write it as http:///path/to.sock or http://127.0.0.1:8080');
	return { secure, at: { host: ip, port } };
}

export async function listen(config: ListenerConfig, app: App, streams: Streams): Promise<Server> {
	const { secure, at } = parseListenAddress(config.address);
	const server = secure
		? createHttpsServer(tlsOptions(config), (request, response) => app.routing(request, response))
		: createHttpServer((request, response) => app.routing(request, response));
	streams.attachTo(server);
	if (at.path) await clearSocket(config.address, at.path);
	await new Promise<void>((resolve, reject) => {
		server.once('error', (error) => reject(refuse(config.address, messageOf(error), 'choose another --host')));
		server.listen(at, resolve);
	});
	if (at.path) shareSocket(at.path);
	return server;
}

/** A third of the descriptors is for connections: containers and requests take the others. */
const SHARE = 3;
/** Descriptors that are for neither. */
const OWN = 64;
/** There are never too few to ask for an end. */
const FEWEST = 8;

/**
 * Limits the connections of a listener at a time, and reports those that could not be accepted.
 *
 * @param descriptors that the daemon may have
 */
export function limitConnections(
	server: Server,
	descriptors: number,
	log: { warn(fields: object, message: string): void },
): void {
	server.maxConnections = Math.max(FEWEST, Math.floor(Math.min(descriptors - OWN, 2 ** 31) / SHARE));
	server.on('error', (error) => log.warn({ error: messageOf(error) }, 'cannot accept a connection'));
}

function tlsOptions(
	config: ListenerConfig,
): SecureContextOptions & Pick<TlsOptions, 'requestCert' | 'rejectUnauthorized'> {
	const read = (key: 'tlscert' | 'tlskey' | 'tlsdh' | 'tlscacert') => readPem(config, key);
	const ca = read('tlscacert');
	const cert = read('tlscert');
	if (!cert) throw refuse(config.address, 'TLS needs a certificate', 'give tlscert and tlskey in the configuration');
	// The CA is part of the chain that is sent: a client that does not know it then names it in its refusal.
	const chain = ca ? Buffer.concat([cert, Buffer.from('\n'), ca]) : cert;
	const files = { cert: chain, key: read('tlskey') ?? cert, ca, dhparam: read('tlsdh') };
	try {
		createSecureContext(files);
	} catch (error) {
		const hint = 'tlscert and tlskey have to be a PEM certificate and its own key, tlscacert and tlsdh PEM, too';
		throw refuse(config.address, `its TLS files do not fit together: ${messageOf(error)}`, hint);
	}
	const verify = config.tlsverify === true;
	return { ...files, requestCert: verify, rejectUnauthorized: verify };
}

function readPem(config: ListenerConfig, key: 'tlscert' | 'tlskey' | 'tlsdh' | 'tlscacert'): Buffer | undefined {
	const file = config[key];
	if (file === undefined) return undefined;
	try {
		return readFileSync(file);
	} catch (error) {
		const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
		const why = missing ? `there is no file ${file}` : messageOf(error);
		throw refuse(config.address, `${key}: ${why}`, `put it there, or correct ${key} in the configuration`);
	}
}

/** A socket that a dead daemon left is removed; one that answers is another daemon, and anything else is not ours. */
async function clearSocket(address: string, path: string): Promise<void> {
	mkdirSync(dirname(path), { recursive: true });
	const there = lstatSync(path, { throwIfNoEntry: false });
	if (!there) return;
	if (!there.isSocket()) throw refuse(address, `${path} exists and is no socket`, 'choose another path');
	if (await answers(path))
		throw refuse(address, 'another daemon listens there', 'stop it first, or choose another --host');
	unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
	return new Promise((resolve) => {
		const socket = connect(path, () => {
			socket.destroy();
			resolve(true);
		});
		socket.on('error', () => resolve(false));
	});
}

function refuse(address: string, why: string, hint: string): KleeneError {
	return new KleeneError({ code: 'CONFIG_INVALID', what: `cannot listen on ${address}`, why, hint });
}
