/** skopeo(1): reaches registries and archives, with the credentials, mirrors and signature policy of the host. */
import { existsSync } from 'node:fs';
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { CommandError, type RunOptions, type RunResult, run } from '#os/exec.ts';

/** Milliseconds. What takes longer is ended by the client that waits for it. */
const LONGEST = 24 * 60 * 60 * 1000;
const QUESTION = 120_000;

export interface SkopeoPlace {
	/** Starts it on the network of the host: calls `start` there, once and before it returns. */
	readonly onNetwork: (start: () => void) => void;
	/** Credentials of `klee login`. */
	readonly authFile: string;
}

export class Skopeo {
	readonly #place: SkopeoPlace;

	constructor(place: SkopeoPlace) {
		this.#place = place;
	}

	/** @param what of a refusal, e.g. `cannot pull web:v1` */
	async copy(words: readonly string[], what: string, options: RunOptions = {}): Promise<void> {
		await this.#run(['copy', ...this.#credentials(), ...words], what, { timeout: LONGEST, ...options });
	}

	/** @returns what it prints */
	async inspect(words: readonly string[], what: string, signal?: AbortSignal): Promise<string> {
		const argv = ['inspect', ...this.#credentials(), ...words];
		return (await this.#run(argv, what, { timeout: QUESTION, signal })).stdout;
	}

	async login(registry: string, words: readonly string[], { user, password }: { user: string; password: string }) {
		const argv = [
			'login',
			'--authfile',
			this.#place.authFile,
			'--username',
			user,
			'--password-stdin',
			...words,
			registry,
		];
		await this.#run(argv, `cannot log in to ${registry}`, { timeout: QUESTION, input: password });
	}

	async logout(registry: string): Promise<void> {
		const argv = ['logout', '--authfile', this.#place.authFile, registry];
		await this.#run(argv, `cannot log out of ${registry}`, { timeout: QUESTION });
	}

	#credentials(): string[] {
		return existsSync(this.#place.authFile) ? ['--authfile', this.#place.authFile] : [];
	}

	async #run(words: readonly string[], what: string, options: RunOptions): Promise<RunResult> {
		const started: Promise<RunResult>[] = [];
		this.#place.onNetwork(() => void started.push(run(['skopeo', ...words], options)));
		try {
			const [result] = await Promise.all(started);
			if (!result) throw new TypeError('a command without a result');
			return result;
		} catch (error) {
			options.signal?.throwIfAborted();
			throw refusal(what, error);
		}
	}
}

type Refusal = ConstructorParameters<typeof KleeneError>[0];

/** Errors of registries, by words that skopeo says: it has no exit codes for them. */
const KNOWN: readonly (readonly [words: RegExp, Pick<Refusal, 'code' | 'hint'>])[] = [
	[
		/repository name must be lowercase/i,
		{
			code: 'INVALID_ARGUMENT',
			hint: 'registries and archives have names in lower case: "klee tag IMAGE name:tag" gives an image one',
		},
	],
	[
		/invalid reference format/i,
		{ code: 'INVALID_ARGUMENT', hint: 'write it as [REGISTRY/]NAME[:TAG], in lower case, with single slashes' },
	],
	[
		/manifest unknown|name unknown|not found|does not exist|no such file/i,
		{ code: 'NO_SUCH_IMAGE', hint: 'check name, tag and registry' },
	],
	[
		/unauthorized|authentication required|access to the resource is denied|invalid username|status: 403|forbidden/i,
		{ code: 'NOT_ALLOWED', hint: 'log in first with "klee login REGISTRY", or check the name' },
	],
	[
		/server gave HTTP response to HTTPS client|x509|certificate/i,
		{ code: 'IMAGE_FAILED', hint: 'use --tls-verify=false for a registry without a certificate that can be verified' },
	],
	[
		/connection refused|no such host|i\/o timeout|network is unreachable|no route to host|server misbehaving/i,
		{ code: 'IMAGE_FAILED', hint: 'check that the machine of kleened reaches the registry' },
	],
];

function refusal(what: string, error: unknown): KleeneError {
	if (error instanceof CommandError && error.code === -1 && error.reason === 'not found') return missing(what, error);
	const why = error instanceof CommandError ? reasonOf(error) : messageOf(error);
	const known = KNOWN.find(([words]) => words.test(why))?.[1];
	const { code, hint } = known ?? { code: 'IMAGE_FAILED', hint: 'see what skopeo says above, and try again' };
	return new KleeneError({ code, what, why, hint, cause: error });
}

/** The text of its last line, `time=... level=fatal msg="..."`, or the line itself. */
function reasonOf({ stderr, reason }: CommandError): string {
	const line = stderr.split('\n').findLast((text) => text.trim() !== '') ?? reason;
	const message = /msg="((?:[^"\\]|\\.)*)"/.exec(line)?.[1];
	const text = (message ?? line).replaceAll(/\\(["\\])/g, '$1').trim();
	return text.replace(/^Error parsing image name "[^"]*": /, '');
}

function missing(what: string, cause: unknown): KleeneError {
	return new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what,
		why: 'skopeo is not installed',
		hint: 'install it on the machine of kleened: "apt-get install skopeo", on FreeBSD "pkg install skopeo"',
		cause,
	});
}
