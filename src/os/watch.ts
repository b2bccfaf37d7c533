import { watch } from 'node:fs';
import { exhaustedResource } from '#errors/exhaustion.ts';

export interface Watching {
	/** Why it is only looked at from time to time: the host has no file watches left. */
	readonly lack: Error | undefined;
	close(): void;
}

export interface WatchOptions {
	/** Milliseconds between two looks where the host has no file watches left. */
	readonly every: number;
	/** @param name of what changed in a directory; undefined: it is not known whether and what */
	readonly onChange: (name: string | undefined) => void;
	/** Default: the same without a name. */
	readonly onError?: (error: Error) => void;
}

/** Watches a file or directory, which does not keep the process alive. @throws where there is no such file */
export function watchChanges(
	path: string,
	{ every, onChange, onError = () => onChange(undefined) }: WatchOptions,
): Watching {
	try {
		const watcher = watch(path, { persistent: false }, (_event, name) => onChange(name ?? undefined));
		watcher.on('error', onError);
		return { lack: undefined, close: () => watcher.close() };
	} catch (error) {
		if (!(error instanceof Error) || exhaustedResource(error) !== 'watches') throw error;
		const timer = setInterval(() => onChange(undefined), every).unref();
		return { lack: error, close: () => clearInterval(timer) };
	}
}
