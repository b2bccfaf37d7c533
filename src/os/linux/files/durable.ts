import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';

type Callback = (error: Error | null, result: number) => void;

/**
 * Have everything that was written to the file system of a directory on the disk. Takes as long as the disk does;
 * a thread of the pool waits for it.
 */
export async function syncFileSystem(directory: string): Promise<void> {
	const syncfs = koffi.load(null).func('int syncfs(int fd)');
	const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
	const { promise, resolve, reject } = Promise.withResolvers<number>();
	const done: Callback = (error, result) => (error ? reject(error) : resolve(result));
	try {
		syncfs.async(fd, done);
		// errno belongs to the other thread; what syncfs can say is that the disk failed.
		if ((await promise) !== 0)
			throw new Error(`syncfs: the file system of ${directory} could not be written to its disk`);
	} finally {
		closeSync(fd);
	}
}
