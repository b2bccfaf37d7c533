/** What conmon and the runtime say when they fail. */

/** The runtime or conmon refused; the message is theirs. `cause` tells of a resource that ran out. */
export class OciError extends Error {
	constructor(message: string, cause?: Error) {
		super(message, { cause });
		this.name = 'OciError';
	}
}

/** The runtime did not answer. It was ended, with all that it had started. */
export class OciTimeout extends OciError {
	constructor(runtime: string, milliseconds: number) {
		super(`${runtime} did not start it within ${milliseconds / 1000} s`);
		this.name = 'OciTimeout';
	}
}

/** @param output error output or log lines @param code exit code of conmon */
export function ociError(output: string, code: number): OciError {
	const message = sentencesOf(output) || `conmon ended with exit code ${code}`;
	return new OciError(message, lackIn(message));
}

/** Where the rest is the state of a Go program that crashed. */
const CRASH = /\n(?:SIG[A-Z]+: |fatal error: |goroutine \d)/;

/** The sentences in a runtime's log lines (`time=... level=error msg="..."`), or the text as it is. */
function sentencesOf(output: string): string {
	const sentences = [...output.matchAll(/level=(?:error|fatal) msg=("(?:[^"\\]|\\.)*"|\S+)/g)].map((match) =>
		unquoted(match[1]!),
	);
	return (sentences.length > 0 ? sentences.join('; ') : (output.split(CRASH)[0] ?? '')).trim();
}

/** A string of Go, which has more escapes than JSON. */
function unquoted(text: string): string {
	if (!text.startsWith('"')) return text;
	try {
		return JSON.parse(text.replace(/\\x([0-9a-f]{2})/g, '\\u00$1')) as string;
	} catch {
		return text.slice(1, -1);
	}
}

/** The error of the system that the words stand for, where they tell of something that ran out. */
function lackIn(message: string): Error | undefined {
	const lack = (code: string) => Object.assign(new Error(message), { code, syscall: 'spawn' });
	if (/\b(?:fork|fork\/exec|pthread_create|clone|newosproc)\b.*resource temporarily unavailable/i.test(message))
		return lack('EAGAIN');
	if (/cannot allocate memory/i.test(message)) return lack('ENOMEM');
	// A cpuset without processors says the same.
	const isFull = /no space left on device/i.test(message) && !/cgroup/i.test(message);
	return isFull ? Object.assign(lack('ENOSPC'), { syscall: 'write' }) : undefined;
}
