/** MAC addresses as text and as bytes. */

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Bit of the first byte that marks the address of a group. */
const GROUP = 1;

/** A MAC address that one interface can have: unicast, not all zeros. @returns it in lower case */
export function parseMac(text: string): string | undefined {
	const mac = text.toLowerCase();
	if (!MAC.test(mac) || mac === '00:00:00:00:00:00') return undefined;
	return (macBytes(mac)[0]! & GROUP) === 0 ? mac : undefined;
}

/** Six bytes of `02:00:00:00:00:01`. @throws TypeError for anything else */
export function macBytes(mac: string): Buffer {
	const buffer = Buffer.from(mac.replaceAll(':', ''), 'hex');
	if (buffer.length !== 6) throw new TypeError(`'${mac}' is not a MAC address`);
	return buffer;
}

/** In lower case, with colons. @param bytes of any length: some links have longer addresses, or none */
export function macText(bytes: Buffer): string {
	return (bytes.toString('hex').match(/../g) ?? []).join(':');
}
