import type { ProcessEnd } from '#host/driver.ts';
import { AttachableProcess, type ProcessStreams } from '#host/process-streams.ts';
import { lines, type Script, sh } from '#os/shell/quote.ts';
import type { Shell, ShellLog } from '#os/shell/shell.ts';
import { clampSize } from './start-file.ts';

/** Tenths of a second that a process which was asked for may take to be there. */
const STARTING = 20;

/** Signals that both Linux and FreeBSD have by these names. */
const SIGNALS: ReadonlySet<string> = new Set(
	['HUP', 'INT', 'QUIT', 'ILL', 'TRAP', 'ABRT', 'FPE', 'KILL', 'BUS', 'SEGV', 'SYS', 'PIPE', 'ALRM', 'TERM', 'URG']
		.concat(['STOP', 'TSTP', 'CONT', 'CHLD', 'TTIN', 'TTOU', 'IO', 'XCPU', 'XFSZ', 'VTALRM', 'PROF', 'WINCH'])
		.concat(['USR1', 'USR2'])
		.map((name) => `SIG${name}`),
);

export interface ProcessParts {
	readonly shell: Shell;
	readonly log: ShellLog;
	readonly container: string;
	/** Of the run, on the host. */
	readonly directory: string;
	readonly tty: boolean;
	/** It runs below timeout(1). */
	readonly timed: boolean;
	readonly streams: ProcessStreams | undefined;
	readonly ended: Promise<ProcessEnd>;
}

/** A process in a jail. */
export class JailProcess extends AttachableProcess {
	readonly #parts: ProcessParts;
	#size: { rows: number; columns: number } | undefined;
	#resizing = false;

	constructor(parts: ProcessParts) {
		super(parts.streams, parts.ended, parts.tty);
		this.#parts = parts;
	}

	/** The last size counts: while one is on its way, those in between are left out. */
	resize(rows: number, columns: number): void {
		if (!this.#parts.tty) return;
		this.#size = { rows, columns };
		if (this.#resizing) return;
		this.#resizing = true;
		this.#resize().finally(() => {
			this.#resizing = false;
		});
	}

	kill(signal: NodeJS.Signals): void {
		const { directory, container, timed } = this.#parts;
		if (timed && signal === 'SIGKILL') this.#tell('signal', expireScript(directory));
		else if (SIGNALS.has(signal)) this.#tell('signal', killScript(directory, container, signal));
	}

	async #resize(): Promise<void> {
		while (this.#size !== undefined) {
			const { rows, columns } = this.#size;
			this.#size = undefined;
			await this.#tell('resize', resizeScript(this.#parts.directory, rows, columns));
		}
	}

	/** Nobody waits for the outcome: the process may have ended meanwhile. */
	async #tell(name: string, script: Script): Promise<void> {
		const { shell, log, container } = this.#parts;
		try {
			await shell.exchange([{ name, script }]);
		} catch (error) {
			log.warn({ container, error: String(error) }, `a process could not be told: ${name}`);
		}
	}
}

/** `pkill -F -j` signals the one process, and only if it is in the jail: its id may have gone to somebody else. */
function killScript(directory: string, container: string, signal: NodeJS.Signals): Script {
	return lines(
		untilStarted(directory),
		sh`[ -e ${directory}/code ] || pkill ${`-${signal.slice(3)}`} -j ${container} -F ${directory}/pid`,
	);
}

/** To timeout(1), SIGALRM says that the time is over: it kills all that it has started. */
function expireScript(directory: string): Script {
	return lines(
		untilStarted(directory),
		sh`[ -e ${directory}/code ] || [ ! -e ${directory}/timer ] || pkill -ALRM -j none -F ${directory}/timer timeout`,
	);
}

function untilStarted(directory: string): Script {
	return lines(
		sh`n=0; while [ ! -s ${directory}/pid ] && [ ! -e ${directory}/code ] && [ "$n" -lt ${STARTING} ]; do`,
		sh`	n=$((n + 1)); sleep 0.1`,
		sh`done`,
	);
}

function resizeScript(directory: string, rows: number, columns: number): Script {
	return sh`read -r tty <${directory}/tty; stty -f "$tty" rows ${clampSize(rows)} columns ${clampSize(columns)}`;
}
