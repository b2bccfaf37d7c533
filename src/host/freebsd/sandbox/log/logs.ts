import type { LogBatch, LogRecord, LogRequest } from '#model/activity/log.ts';
import { LineSplitter } from '#os/line-splitter.ts';
import type { Shell, ShellSession } from '#os/shell/shell.ts';
import { unreachable } from '../../batch.ts';
import { parseRefusal } from '../../refusals.ts';
import { type KeptRecord, LONGEST_RECORD, parseRecord, readScript } from './log-reader.ts';

/** Milliseconds for the end of a run to be written, after the container is gone. */
const END_OF_RUN = 2000;

/** Reads the log of a container; what comes is read when the last batch was taken. */
export async function* readLog(shell: Shell, log: string, request: LogRequest): AsyncGenerator<LogBatch> {
	const { tail, follow, abandoned } = request;
	const session = await shell.open(readScript(log, tail, follow?.aborted === false)).catch((error: unknown) => {
		throw unreachable(error);
	});
	let said = '';
	session.stderr.setEncoding('utf8').on('data', (text: string) => {
		said += text;
	});
	const close = () => session.close();
	abandoned.addEventListener('abort', close);
	try {
		yield* follow ? following(session, follow) : batches(session, () => {});
		const refused = parseRefusal(said);
		if (refused) throw refused;
	} catch (error) {
		if (!abandoned.aborted) throw error;
	} finally {
		abandoned.removeEventListener('abort', close);
		session.close();
	}
}

async function* following(session: ShellSession, over: AbortSignal): AsyncGenerator<LogBatch> {
	let timer: NodeJS.Timeout | undefined;
	/** The last run, as far as it is known, and how many of its streams are not at their end. */
	let [run, left] = ['', 1];
	const finish = () => session.stdin.end();
	const whenOver = () => {
		if (left <= 0) finish();
		else timer = setTimeout(finish, END_OF_RUN);
	};
	const note = (record: KeptRecord) => {
		if (record.kind === 'begin' && record.run !== run) [run, left] = [record.run, record.streams];
		if (record.kind === 'end' && record.run === run) left -= 1;
		if (left <= 0 && over.aborted) finish();
	};
	if (over.aborted) finish();
	else over.addEventListener('abort', whenOver);
	try {
		yield* batches(session, note);
	} finally {
		over.removeEventListener('abort', whenOver);
		clearTimeout(timer);
	}
}

async function* batches(session: ShellSession, note: (record: KeptRecord) => void): AsyncGenerator<LogBatch> {
	const splitter = new LineSplitter(LONGEST_RECORD);
	for await (const chunk of session.stdout as AsyncIterable<Buffer>) {
		const records: LogRecord[] = [];
		for (const line of splitter.push(chunk)) {
			const record = parseRecord(line);
			if (record === undefined) continue;
			note(record);
			if (record.kind === 'output') records.push(record);
		}
		if (records.length > 0) yield records;
	}
}
