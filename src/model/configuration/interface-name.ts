import { KleeneError } from '#errors/kleene-error.ts';

const INTERFACE_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,14}$/;

/** Settings of the host are called by the name of an interface, and by these: for all there are, and for new ones. */
const SETTINGS: ReadonlySet<string> = new Set(['all', 'default']);

/** @throws INVALID_ARGUMENT for a name that no interface can have */
export function requireInterfaceName(name: string): void {
	if (SETTINGS.has(name))
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot use '${name}' as an interface name`,
			why: 'the kernel keeps that name for the settings of all interfaces',
			hint: 'choose a name such as kleene7, or leave it out',
		});
	if (!INTERFACE_NAME.test(name))
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot use '${name.slice(0, 40)}' as an interface name`,
			why: 'an interface name has 1 to 15 letters, digits, "_", "." or "-"',
			hint: 'choose a name such as kleene7, or leave it out',
		});
}
