import { KleeneError } from '#errors/kleene-error.ts';
import type { HostFiles } from '#host/driver/activity.ts';
import type { FileStatus, FilesRequest } from '#model/activity/files.ts';

/** FreeBSD has no lookup that links in a running jail could not lead out of, so nothing is copied from here. */
export class FreebsdFiles implements HostFiles {
	async status(request: FilesRequest): Promise<FileStatus> {
		throw refused(request);
	}

	// biome-ignore lint/correctness/useYield: it refuses, when it is read.
	async *read(request: FilesRequest): AsyncGenerator<Buffer> {
		throw refused(request);
	}

	async write(request: FilesRequest): Promise<void> {
		throw refused(request);
	}
}

function refused({ container }: FilesRequest): KleeneError {
	return new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: `cannot copy files of container ${container}`,
		why: 'on FreeBSD hosts klee cp is not supported',
		hint: `use tar inside: klee exec ${container} tar -cf - -C /etc . >etc.tar, or klee exec -i ${container} tar -xf - <etc.tar`,
	});
}
