import { lines, type Script, sh } from '#os/shell/quote.ts';
import { releaseInput } from './streams/held-input.ts';

/**
 * State of one process and of its end, on the host; lost at a reboot like the process:
 *
 *     token    what the daemon knows this run by
 *     runner   process id of the shell that waits for the process, and then for the end of the container
 *     pid      process id of the process itself
 *     tty      its terminal, e.g. /dev/pts/3
 *     code     its exit code, once it has ended
 *     ended    there once no process is left in the container (first processes only): seconds since the epoch
 *     in, out, err   FIFOs to it, where it has input, and output that somebody reads
 *     hold     FIFO to who holds `in` open, where nobody was attached at the start
 *     relay-out, relay-err   process ids of those who read them
 *     log-out, log-err       FIFOs to those who keep its log
 *     over-out, over-err     there once they are done
 *     *.sh     the scripts that do this
 *
 * And of the last run of a container: see `ends.ts`.
 */
export class StateDirectory {
	/** E.g. `/var/run/kleene/1a2b3c4d`. */
	readonly path: string;

	constructor(path: string) {
		this.path = path;
	}

	/** Of the first process of a container. */
	run(container: string): string {
		return `${this.path}/run/${container}`;
	}

	/** How the last run of a container ended. */
	end(container: string): string {
		return `${this.path}/ends/${container}`;
	}

	/** Of an additional process. */
	execution(container: string, execution: string): string {
		return `${this.path}/exec/${container}.${execution}`;
	}

	/** For `ShellOptions.batch`. */
	get batch(): string {
		return `${this.path}/batch`;
	}

	/** One line for each end: `process TOKEN CODE LAST`, `sandbox CONTAINER TOKEN`. */
	get events(): string {
		return `${this.path}/events`;
	}

	/** For the unmaking of a sandbox, at its end: all its processes are over and nobody needs to be told. */
	forget(container: string): Script {
		const more = sh`${`${this.path}/exec/${container}.`}* ${`${this.path}/hooked-${container}`}`;
		return lines(releaseInput(this.run(container)), removeRuns([this.run(container)], more));
	}
}

/**
 * Directories of runs that are over. A relay or the shell that waited may be about to write its last file there, which
 * makes the removal fail: then once more, when it has.
 */
export function removeRuns(directories: readonly string[], more: Script = sh``): Script {
	return sh`{ rm -rf ${directories} ${more} 2>/dev/null || { sleep 1; rm -rf ${directories} ${more}; }; }`;
}
