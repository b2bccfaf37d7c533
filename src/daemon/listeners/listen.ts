import { lstatSync, mkdirSync, unlinkSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { messageOf } from '#errors/kleene-error.ts';
import type { ListenerConfig } from '../configuration/config-file.ts';
import type { App } from '../http.ts';
import type { Streams } from '../streams/upgrade.ts';
import { parseListenAddress, refuseListener } from './address.ts';
import type { Admission } from './admission.ts';
import { shareSocket } from './socket-group.ts';
import { readListenerTls } from './tls.ts';

/** The halves of the API, and which connections they serve. */
export interface Served {
	readonly app: App;
	readonly streams: Streams;
	readonly admission: Admission;
}

/** @returns a server that accepts connections; a `tls.Server` where the address is https */
export async function listen(config: ListenerConfig, { app, streams, admission }: Served): Promise<Server> {
	const { secure, at } = parseListenAddress(config.address);
	const serve = admission.guard((request, response) => app.routing(request, response));
	const server = secure ? createHttpsServer(readListenerTls(config), serve) : createHttpServer(serve);
	// A client that has said all may still wait for the answer: its half of the connection ends first (`nc -N`).
	Object.assign(server, { httpAllowHalfOpen: true });
	streams.attachTo(server, (socket) => admission.refuses(socket));
	if (at.path) await clearSocket(config.address, at.path);
	await new Promise<void>((resolve, reject) => {
		server.once('error', (error) => reject(refuseListener(config.address, messageOf(error), 'choose another --host')));
		server.listen(at, resolve);
	});
	if (at.path) shareSocket(at.path);
	return server;
}

/** A socket that a dead daemon left is removed; one that answers is another daemon, and anything else is not ours. */
async function clearSocket(address: string, path: string): Promise<void> {
	mkdirSync(dirname(path), { recursive: true });
	const there = lstatSync(path, { throwIfNoEntry: false });
	if (!there) return;
	if (!there.isSocket()) throw refuseListener(address, `${path} exists and is no socket`, 'choose another path');
	if (await answers(path))
		throw refuseListener(address, 'another daemon listens there', 'stop it first, or choose another --host');
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
