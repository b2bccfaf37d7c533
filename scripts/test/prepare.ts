import { provideBaseArchive } from '../../test/testbed/prepared/base-archive.ts';
import { provideBusybox } from '../../test/testbed/prepared/busybox.ts';

/** Fetches what hosts of tests are made of, where this machine has none of today: the tests have no way out to do it. */
export async function prepare(): Promise<void> {
	provideBusybox();
	await provideBaseArchive();
}
