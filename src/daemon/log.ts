import { writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import type { DaemonConfig } from './configuration/config.ts';

/**
 * A log of one JSON object per line on standard output. A line that cannot be written is lost: a full disk or a closed
 * terminal does not keep the daemon from its work, nor from ending, as the stream of pino does, which tries it for ever.
 */
export function openLog(level: DaemonConfig['logLevel']): Logger {
	return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, { write: writeLine });
}

/** Pauses for a reader that does not block its writers (EAGAIN), 10 ms each. */
const PAUSES = 100;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

function writeLine(line: string): void {
	let rest = Buffer.from(line);
	for (let pauses = 0; rest.length > 0 && pauses < PAUSES; ) {
		try {
			rest = rest.subarray(writeSync(1, rest));
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
			pauses += 1;
			Atomics.wait(PAUSE, 0, 0, 10);
		}
	}
}
