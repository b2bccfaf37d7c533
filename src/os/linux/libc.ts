/**
 * Calls into the C library of the running process, for what Node has no call of its own for.
 * Calls are synchronous and stay on the calling thread, which `setns` and its kin depend on.
 */
import koffi from 'koffi';
import { errnoName } from '../errno.ts';

/** Node has the C library loaded already: no file name that differs from one system to the next is needed. */
const library = koffi.load(null);

/** koffi knows `size_t` but not its signed twin. */
koffi.alias('ssize_t', 'intptr_t');

/** A call of the operating system that failed. */
export class SystemCallError extends Error {
	/** E.g. `mount`. */
	readonly call: string;
	readonly errno: number;
	/** E.g. `EBUSY`. */
	readonly code: string;

	constructor(call: string, errno: number) {
		super(`${call}: ${describeErrno(errno)} (${errnoName(errno)})`);
		this.name = 'SystemCallError';
		this.call = call;
		this.errno = errno;
		this.code = errnoName(errno);
	}
}

/**
 * A function of the C library, looked up at its first call so that a platform without it can still load the module.
 *
 * @param prototype in C, e.g. `int umount2(const char *target, int flags)`. Buffers go where it says `void *`.
 */
export function declare<T extends (...values: never[]) => unknown>(prototype: string): T {
	let bound: ((...values: unknown[]) => unknown) | undefined;
	const call = (...values: unknown[]): unknown => {
		bound ??= library.func(prototype);
		return bound(...values);
	};
	return call as unknown as T;
}

/**
 * The same, run on another thread while the main thread goes on. For calls that take long; `errno` does not come along.
 *
 * @returns a function that resolves to what the call returned
 */
export function declareInBackground<T extends readonly unknown[]>(
	prototype: string,
): (...values: T) => Promise<number> {
	let bound: ReturnType<typeof library.func> | undefined;
	return (...values) => {
		bound ??= library.func(prototype);
		const call = bound;
		return new Promise((resolve, reject) => {
			call.async(...values, (error: unknown, result: unknown) => {
				if (error) reject(error);
				else resolve(Number(result));
			});
		});
	};
}

/** `errno` of the last call; read it before any other call is made. */
export function lastErrno(): number {
	return koffi.errno();
}

/**
 * Calls again while a signal interrupts.
 *
 * @returns what the call returned
 * @throws SystemCallError when it returned a negative number
 */
export function checked(call: string, run: () => number): number {
	for (;;) {
		const result = Number(run());
		if (result >= 0) return result;
		const errno = lastErrno();
		if (errnoName(errno) !== 'EINTR') throw new SystemCallError(call, errno);
	}
}

const strerror = declare<(errno: number) => string>('const char *strerror(int errnum)');

/** The system's own words, e.g. `No such device`. */
export function describeErrno(errno: number): string {
	return strerror(errno);
}
