import { provideBaseArchive } from '../../test/testbed/prepared/base-archive.ts';
import { provideBusybox } from '../../test/testbed/prepared/busybox.ts';
import { provideDebianRoot } from '../../test/testbed/prepared/debian-root.ts';

/** Fetches what hosts of tests are made of, where this machine has none of today: the tests have no way out to do it. */
export async function prepare(files: readonly string[]): Promise<void> {
	provideBusybox();
	await provideBaseArchive();
	if (files.some((file) => /\bdeb-install\./.test(file))) await provideDebianRoot();
}
