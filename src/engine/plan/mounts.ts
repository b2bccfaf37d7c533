import { KleeneError } from '#errors/kleene-error.ts';
import type { Mount } from '#model/mount.ts';

/** Paths come in as text and go on as absolute ones without `.`, `..` and doubled slashes. */
export function parseMount(mount: Mount): Mount {
	if (mount.type === 'volume')
		throw refuse(
			mount,
			'this version of the daemon has no volumes yet',
			'mount a directory of the host by its absolute path',
		);
	return { ...mount, source: absolute(mount, mount.source), destination: absolute(mount, mount.destination) };
}

function absolute(mount: Mount, path: string): string {
	const parts = path.split('/').filter((part) => part !== '' && part !== '.');
	if (!path.startsWith('/') || path.includes('\0') || parts.includes('..'))
		throw refuse(
			mount,
			`'${path.slice(0, 80)}' is not an absolute path without ".."`,
			'write it in full, e.g. /srv/www',
		);
	return `/${parts.join('/')}`;
}

function refuse(mount: Mount, why: string, mend: string): KleeneError {
	const what = `cannot mount '${mount.source.slice(0, 80)}' at '${mount.destination.slice(0, 80)}'`;
	return new KleeneError({ code: 'INVALID_ARGUMENT', what, why, mend });
}
