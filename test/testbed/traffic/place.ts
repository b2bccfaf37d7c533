/** Network namespaces as tests name them: by the words that make a command run inside. */
import { closeNamespace, openNamespace, within } from '#os/linux/netns.ts';

/** The words before a command that make it run in a namespace, e.g. `nsenter --net=...`. */
export type Place = readonly string[];

export function ofProcess(pid: number): Place {
	return ['nsenter', `--target=${pid}`, '--net'];
}

/**
 * Runs something in a place without a process of its own: sockets that it opens stay there.
 *
 * @param run synchronous, as for `within`
 */
export function inPlace<T>(place: Place, run: () => T): T {
	const namespace = openNamespace(fileOf(place));
	try {
		return within(namespace, run);
	} finally {
		closeNamespace(namespace);
	}
}

function fileOf(place: Place): string {
	const words = place.join(' ');
	const path = /^nsenter --net=(\S+)$/.exec(words)?.[1];
	if (path !== undefined) return path;
	const pid = /^nsenter --target=(\d+) --net$/.exec(words)?.[1];
	if (pid !== undefined) return `/proc/${pid}/ns/net`;
	throw new Error(`not a network namespace: ${words}`);
}
