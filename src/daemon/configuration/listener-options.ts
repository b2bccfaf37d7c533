/** Listeners on the command line: each `--host`, with the options of TLS that follow it. */
import { KleeneError } from '#errors/kleene-error.ts';
import type { ListenerConfig } from './config-file.ts';

/** Tokens of `util.parseArgs` that matter here. */
interface Token {
	readonly kind: string;
	readonly name?: string;
	readonly value?: string | boolean | undefined;
}

export const LISTENER_OPTIONS = {
	host: { type: 'string', multiple: true },
	tlscert: { type: 'string', multiple: true },
	tlskey: { type: 'string', multiple: true },
	tlscacert: { type: 'string', multiple: true },
	tlsdh: { type: 'string', multiple: true },
	tlsverify: { type: 'boolean', multiple: true },
} as const;

/** @returns undefined without any `--host`. @throws KleeneError CONFIG_INVALID */
export function listenersFrom(tokens: readonly Token[]): readonly ListenerConfig[] | undefined {
	const listeners: ListenerConfig[] = [];
	for (const { kind, name = '', value } of tokens) {
		if (kind !== 'option' || !Object.hasOwn(LISTENER_OPTIONS, name)) continue;
		if (name === 'host') listeners.push({ address: String(value) });
		else listeners.push({ ...lastFor(name, listeners.pop()), [name]: value ?? true });
	}
	return listeners.length > 0 ? listeners : undefined;
}

function lastFor(option: string, listener: ListenerConfig | undefined): ListenerConfig {
	if (listener?.address.startsWith('https:')) return listener;
	const why = listener ? `the listener before it, ${listener.address}, has no TLS` : 'there is no --host before it';
	const hint = `put it behind a listener with TLS: --host https://ADDRESS:PORT --${option} ...`;
	throw new KleeneError({ code: 'CONFIG_INVALID', what: `cannot use --${option}`, why, hint });
}
