import type { MountPointConfig } from '#api/containers.ts';
import { CommandLineError, EXIT } from '../failure.ts';

/** @param text `SOURCE:DESTINATION[:rw|ro]`; a source that begins with `/` is a path of the host, else a volume */
export function parseMount(text: string): MountPointConfig {
	const parts = text.split(':');
	const [source = '', destination = '', mode = 'rw'] = parts;
	if (parts.length > 3) throw malformed(text, `Max 3 elements seperated by ':'.`);
	if (parts.length < 2) throw malformed(text, `Must have at least 2 elements seperated by ':'.`);
	if (mode !== 'rw' && mode !== 'ro') throw malformed(text, `Last element should be either 'ro' or 'rw'.`);
	return { type: source.startsWith('/') ? 'nullfs' : 'volume', source, destination, read_only: mode === 'ro' };
}

function malformed(text: string, why: string): CommandLineError {
	const message = `invalid mount format '${text}'. ${why}`;
	const hint = 'write SOURCE:DESTINATION or SOURCE:DESTINATION:ro, e.g. /srv/www:/var/www:ro';
	return new CommandLineError(EXIT.mount, { code: 'INVALID_ARGUMENT', what: message, why, hint, message });
}
