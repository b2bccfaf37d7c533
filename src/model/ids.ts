import { KleeneError } from '#errors/kleene-error.ts';
import { macText, parseMac } from '#inet/mac.ts';

const ID = /^[0-9a-f]{12}$/;
const DIGITS_ONLY = /^[0-9]+$/;

/** 12 lowercase hex digits, 48 random bits, never all decimal: jail(8) would take such a name for a jail number. */
export function newId(): string {
	for (;;) {
		const bytes = crypto.getRandomValues(new Uint8Array(6));
		const id = Buffer.from(bytes).toString('hex');
		if (!DIGITS_ONLY.test(id)) return id;
	}
}

export function isId(text: string): boolean {
	return ID.test(text) && !DIGITS_ONLY.test(text);
}

/**
 * A locally administered unicast MAC address that belongs to the object with this id, the same at every start.
 * `02:` and the five low bytes of the id.
 */
export function macOf(id: string): string {
	return macText(Buffer.from(`02${id.slice(2)}`, 'hex'));
}

/** The same for what is known by a text that may be long: by its hash (FNV-1a, 64 bits). */
export function macOfText(text: string): string {
	let hash = 0xcbf29ce484222325n;
	for (const byte of Buffer.from(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
	return macOf(hash.toString(16).padStart(16, '0').slice(-12));
}

const CONTAINER_NAME = /^\/?[a-zA-Z0-9][a-zA-Z0-9_.-]+$/;

/** @returns the name as stored, without the leading `/` that Docker's clients used to send. */
export function parseContainerName(text: string): string {
	if (!CONTAINER_NAME.test(text) || text.length > 128)
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot use '${text.slice(0, 140)}' as a container name`,
			why: 'a name begins with a letter or digit, followed by letters, digits, "_", "." or "-", 2 to 128 in all',
			hint: 'choose a name such as web-1',
			message: `${text} does not match /?[a-zA-Z0-9][a-zA-Z0-9_.-]+$`,
		});
	const name = text.startsWith('/') ? text.slice(1) : text;
	if (!isResolvable(name))
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot use '${name}' as a container name`,
			why: 'by that name it would never be found: parts between dots have 1 to 63 characters, and it is no address and does not end in .kleene',
			hint: 'choose a name such as web-1',
		});
	return name;
}

/** Whether the resolver of a network can be asked for it. Source: RFC 1035 section 2.3.4; inet_aton(3). */
function isResolvable(name: string): boolean {
	const labels = name.split('.');
	const isAddress = labels.length === 4 && labels.every((label) => /^\d+$/.test(label));
	return labels.every((label) => label !== '' && label.length <= 63) && !isAddress && !/\.kleene$/i.test(name);
}

const NETWORK_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

export function parseNetworkName(text: string): string {
	if (!NETWORK_NAME.test(text))
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot use '${text.slice(0, 140)}' as a network name`,
			why: 'a name begins with a letter or digit, followed by letters, digits, "_", "." or "-", at most 128 in all',
			hint: 'choose a name such as testnet',
		});
	return text;
}

/** A MAC address that one interface can have: unicast, in lower case. */
export function requireMac(text: string): string {
	const mac = parseMac(text);
	if (mac !== undefined) return mac;
	throw new KleeneError({
		code: 'INVALID_ARGUMENT',
		what: `cannot use '${text.slice(0, 40)}' as a MAC address`,
		why: 'it is not six pairs of hex digits, or a group address (the first pair is odd)',
		hint: 'write it as 02:00:0a:04:06:02, or leave it out',
	});
}
