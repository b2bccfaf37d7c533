import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { Skopeo } from '#host/registry/skopeo.ts';
import { openNamespace, within } from '#os/linux/netns.ts';

/** @param netns name or path; undefined: the daemon's own, which needs no descriptor */
export function openHostNamespace(netns: string | undefined): number | undefined {
	if (netns === undefined) return undefined;
	try {
		return openNamespace(netns);
	} catch (error) {
		throw new KleeneError({
			code: 'CONFIG_INVALID',
			what: `cannot use network namespace ${netns}`,
			why: messageOf(error),
			hint: `make it with "ip netns add ${netns}", or name another with --netns`,
			cause: error,
		});
	}
}

/** skopeo on the network of the host. @param namespace descriptor; undefined: the daemon's own */
export function skopeoOn(namespace: number | undefined, authFile: string): Skopeo {
	return new Skopeo({
		authFile,
		onNetwork: (start) => (namespace === undefined ? start() : within(namespace, start)),
	});
}
