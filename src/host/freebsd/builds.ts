import { KleeneError } from '#errors/kleene-error.ts';
import type { HostBuilds } from '#host/driver/builds.ts';

const refuse = (): Promise<never> =>
	Promise.reject(
		new KleeneError({
			code: 'UNSUPPORTED_HERE',
			what: 'cannot build an image',
			why: 'Kleene does not build images on FreeBSD yet',
			hint: 'create one with "klee image create", or build it on Linux',
		}),
	);

/** Builds are refused before anything is made. */
export const freebsdBuilds: HostBuilds = {
	receive: refuse,
	discard: async () => {},
	contexts: () => [],
	read: refuse,
	digest: refuse,
	keepSecrets: () => {},
	caches: () => [],
	removeCache: async () => {},
};
