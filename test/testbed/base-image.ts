/** Hosts that have the base image from their beginning. */
import { fillRoot } from './prepared/root.ts';
import { type HostOptions, TestHost } from './test-host.ts';
import { Outside } from './traffic/outside.ts';

export { provideBaseArchive } from './prepared/base-archive.ts';

/** The same with an uplink and somebody at its other end. */
export async function startHostWithUplink(): Promise<TestHost> {
	const outsides: Outside[] = [];
	try {
		const host = await startHostWithImage(async (namespace) => {
			outsides.push(await Outside.beside(namespace));
		});
		for (const outside of outsides) host.takeAlong(outside);
		return host;
	} catch (error) {
		for (const outside of outsides) await outside.close();
		throw error;
	}
}

/** A started host that has the image `Debian:latest`. @param prepare,options as for `TestHost.start` */
export function startHostWithImage(
	prepare?: (namespace: string) => Promise<void>,
	options: Pick<HostOptions, 'program'> = {},
): Promise<TestHost> {
	return TestHost.start({
		...options,
		prepare: async (namespace, root) => {
			await fillRoot(root);
			await prepare?.(namespace);
		},
	});
}
