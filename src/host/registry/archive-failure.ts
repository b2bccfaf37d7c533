import type { ErrorCode } from '#errors/codes.ts';
import { IMAGE_TEXTS } from '#errors/image-texts.ts';
import type { ArchiveError, ArchiveProblem } from '#os/archive/archive-error.ts';

const CODES: { readonly [P in ArchiveProblem]: ErrorCode } = {
	hostile: 'HOSTILE_ARCHIVE',
	unsupported: 'IMAGE_FAILED',
	corrupt: 'IMAGE_FAILED',
	full: 'IMAGE_FAILED',
	unreachable: 'IMAGE_FAILED',
};

const ARCHIVE_HINTS: { readonly [P in ArchiveProblem]: string } = {
	hostile: 'use an archive of a whole root file system made with "tar -C ROOT -cf ARCHIVE ."',
	unsupported: 'make the archive again with plain tar, compressed with gzip, xz or zstd, and without --sparse',
	corrupt: 'fetch or make the archive again',
	full: 'free some space below the root directory of the daemon',
	unreachable: 'check the address: it is opened on the host of the daemon',
};

export interface ArchiveFailure {
	readonly code: ErrorCode;
	readonly why: string;
	readonly hint: string;
	/** For the original client. */
	readonly message: string;
}

/** Explains to users why an archive was not unpacked. */
export function explainArchive({ problem, message }: ArchiveError): ArchiveFailure {
	return {
		code: CODES[problem],
		why: message,
		hint: ARCHIVE_HINTS[problem],
		message: problem === 'unreachable' ? IMAGE_TEXTS.notFetched : IMAGE_TEXTS.notExtracted,
	};
}
