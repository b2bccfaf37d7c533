/**
 * nftables through libnftables, the library below nft(8), in this process and in nft's own syntax.
 * One call of `run` is one transaction: all of it happens or nothing.
 */
import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';

const LIBRARY = 'libnftables.so.1';
/** `nft_ctx_new` opens the netlink socket at once, so a context belongs to the namespace in which it was made. */
const DEFAULT = 0;
/** From libnftables.h: answers in JSON, sets and maps with their elements. */
const OUTPUT_JSON = 1 << 4;

/** The library waits with select(2): on a socket with this number or a higher one it would end the process. */
const FD_SETSIZE = 1024;

const MOST_TRIES = 20;
const INTERRUPTED = /Interrupted system call|Resource temporarily unavailable/;

type Context = object;

interface Library {
	readonly create: (flags: number) => Context | null;
	readonly free: (context: Context) => void;
	readonly bufferOutput: (context: Context) => number;
	readonly bufferErrors: (context: Context) => number;
	readonly setOutput: (context: Context, flags: number) => void;
	readonly run: (context: Context, commands: string) => number;
	readonly output: (context: Context) => string;
	readonly errors: (context: Context) => string;
}

let loaded: Library | undefined;

function load(): Library {
	if (loaded) return loaded;
	const library = koffi.load(LIBRARY);
	loaded = {
		create: library.func('void *nft_ctx_new(uint32_t flags)'),
		free: library.func('void nft_ctx_free(void *ctx)'),
		bufferOutput: library.func('int nft_ctx_buffer_output(void *ctx)'),
		bufferErrors: library.func('int nft_ctx_buffer_error(void *ctx)'),
		setOutput: library.func('void nft_ctx_output_set_flags(void *ctx, uint32_t flags)'),
		run: library.func('int nft_run_cmd_from_buffer(void *ctx, const char *buf)'),
		output: library.func('const char *nft_ctx_get_output_buffer(void *ctx)'),
		errors: library.func('const char *nft_ctx_get_error_buffer(void *ctx)'),
	};
	return loaded;
}

/** The kernel or the parser refused; nothing of the transaction happened. `message` is nft's own. */
export class NftablesError extends Error {
	readonly commands: string;

	constructor(message: string, commands: string) {
		super(message);
		this.name = 'NftablesError';
		this.commands = commands;
	}

	/** Something that was to be deleted or added to is not there. */
	get isMissing(): boolean {
		return /No such file or directory/.test(this.message);
	}

	get isTaken(): boolean {
		return /File exists/.test(this.message);
	}
}

export class Nftables {
	readonly #library: Library;
	#context: Context | undefined;

	/** Opened in the namespace in which the thread is now: see `within` in netns.ts. */
	constructor() {
		this.#library = load();
		requireLowDescriptor();
		const context = this.#library.create(DEFAULT);
		if (!context) throw new NftablesError('libnftables gave no context', '');
		this.#library.bufferOutput(context);
		this.#library.bufferErrors(context);
		this.#context = context;
	}

	/** @returns what nft would print */
	run(commands: string): string {
		return this.#tell(commands, 0);
	}

	/** @returns the answer of `nft -j`, parsed */
	query(commands: string): unknown {
		return JSON.parse(this.#tell(commands, OUTPUT_JSON));
	}

	/** A concurrent change of rules, or a signal, interrupts the initial dump of nft. */
	#tell(commands: string, flags: number): string {
		const context = this.#open();
		this.#library.setOutput(context, flags);
		for (let tries = 1; ; tries += 1) {
			const status = this.#library.run(context, commands);
			const output = this.#library.output(context);
			const errors = this.#library.errors(context).trim();
			if (status === 0) return output;
			if (tries < MOST_TRIES && INTERRUPTED.test(errors)) continue;
			throw new NftablesError(errors || `nft failed with status ${status}`, commands);
		}
	}

	#open(): Context {
		if (!this.#context) throw new NftablesError('the nftables context is closed', '');
		return this.#context;
	}

	close(): void {
		if (this.#context) this.#library.free(this.#context);
		this.#context = undefined;
	}
}

/** The lowest free descriptor is the next one that is given out. */
function requireLowDescriptor(): void {
	const next = openSync('/dev/null', 'r');
	closeSync(next);
	if (next >= FD_SETSIZE) throw new NftablesError(`too many files are open (${next}) to talk to nftables`, '');
}
