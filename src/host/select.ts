import { KleeneError } from '#errors/kleene-error.ts';
import type { FreebsdPlace } from '#model/freebsd-place.ts';
import type { HostDriver, NameLookup } from './driver.ts';

export interface HostOptions {
	/** Absolute path of the directory that holds everything the daemon keeps. */
	readonly root: string;
	/** Name or path of the network namespace that is the host; undefined: the daemon's own. */
	readonly netns: string | undefined;
	/** A FreeBSD host; undefined: the Linux that the daemon runs on. */
	readonly freebsd: FreebsdPlace | undefined;
	readonly names: NameLookup;
	readonly log: { warn(fields: object, message: string): void };
}

/** The only look at which system this is. */
export async function openHost(options: HostOptions): Promise<HostDriver> {
	if (process.platform === 'linux') {
		const { LinuxHost } = await import('./linux/driver.ts');
		return LinuxHost.open(options);
	}
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot start kleened',
		why: `this version has no driver for ${process.platform}`,
		mend: 'run it on Linux',
	});
}
