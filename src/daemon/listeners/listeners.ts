/** The listeners of the daemon: opened together, their certificates replaced while they run, closed together. */
import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { Server as TlsServer } from 'node:tls';
import { isKleeneError, messageOf } from '#errors/kleene-error.ts';
import type { ListenerConfig } from '../configuration/config-file.ts';
import type { App } from '../http.ts';
import type { Streams } from '../streams/upgrade.ts';
import { parseListenAddress, withPort } from './address.ts';
import { Admission } from './admission.ts';
import { listen } from './listen.ts';
import { describeCertificate, readListenerTls } from './tls.ts';

interface Log {
	info(fields: object, message: string): void;
	warn(fields: object, message: string): void;
	error(fields: object, message: string): void;
}

export class Listeners {
	readonly #open: { readonly config: ListenerConfig; readonly server: Server }[] = [];
	readonly #log: Log;

	constructor(log: Log) {
		this.#log = log;
	}

	/** Addresses with the ports that they have. */
	get addresses(): readonly string[] {
		return this.#open.map(({ config, server }) => {
			const place = server.address();
			return typeof place === 'object' && place !== null ? withPort(config.address, place.port) : config.address;
		});
	}

	/** @param descriptors that the daemon may have. @throws KleeneError CONFIG_INVALID */
	async open(config: ListenerConfig, app: App, streams: Streams, descriptors: number): Promise<void> {
		const admission = new Admission(descriptors);
		const server = await listen(config, { app, streams, admission });
		admission.watch(server, this.#log);
		this.#open.push({ config, server });
		const { secure, at } = parseListenAddress(config.address);
		if (secure) this.#warnOfAge(config);
		if (at.path === undefined && config.tlsverify !== true)
			this.#log.warn({ listener: config.address }, 'every client that reaches this listener is root on this host');
	}

	/**
	 * Reads the files of TLS again. New connections get the new certificate, connections that are open continue. A
	 * listener whose files are not usable keeps those that it has.
	 *
	 * @param read the listeners as they are configured now
	 */
	reload(read: () => readonly ListenerConfig[]): void {
		// Those that are not open yet will read the files of now.
		if (this.#open.length === 0) return;
		let configured: readonly ListenerConfig[];
		try {
			configured = read();
		} catch (error) {
			this.#log.error({ error: reasonOf(error) }, 'cannot reload the configuration; all listeners stay as they are');
			return;
		}
		for (const { config, server } of this.#open) this.#reloadOne(config, server, configured);
		const known = new Set(this.#open.map(({ config }) => config.address));
		for (const { address } of configured.filter((each) => !known.has(each.address)))
			this.#log.warn({ listener: address }, 'a new listener is opened when kleened is restarted');
	}

	/** Ends all connections, and removes sockets. */
	close(): void {
		for (const { server } of this.#open) {
			const address = server.address();
			server.close();
			server.closeAllConnections();
			if (typeof address === 'string') rmSync(address, { force: true });
		}
	}

	#reloadOne(config: ListenerConfig, server: Server, configured: readonly ListenerConfig[]): void {
		const listener = config.address;
		const next = configured.find(({ address }) => address === listener);
		if (!next) {
			this.#log.warn({ listener }, 'a listener that is not configured any more is closed when kleened is restarted');
			return;
		}
		if ((next.tlsverify === true) !== (config.tlsverify === true))
			this.#log.warn({ listener }, 'a change of tlsverify takes effect when kleened is restarted');
		if (!(server instanceof TlsServer)) return;
		try {
			const tls = readListenerTls(next);
			server.setSecureContext({ cert: tls.cert, key: tls.key, ca: tls.ca, dhparam: tls.dhparam });
			this.#log.info({ listener, ...describeCertificate(tls) }, 'the TLS files were read again');
			this.#warnOfAge(next);
		} catch (error) {
			const fields = { listener, error: reasonOf(error) };
			this.#log.error(fields, 'cannot reload the TLS files; the certificate that was loaded before stays in use');
		}
	}

	#warnOfAge(config: ListenerConfig): void {
		const note = describeCertificate(readListenerTls(config));
		if (Date.parse(note.until) < Date.now())
			this.#log.warn({ listener: config.address, ...note }, 'the certificate of this listener has expired');
	}
}

function reasonOf(error: unknown): string {
	return isKleeneError(error) ? `${error.what}: ${error.why}` : messageOf(error);
}
