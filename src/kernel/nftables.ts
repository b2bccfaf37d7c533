/**
 * nftables through libnftables, the library below nft(8), in this process and in nft's own syntax.
 * One call of `run` is one transaction: all of it happens or nothing.
 */
import koffi from 'koffi';

const LIBRARY = 'libnftables.so.1';
/** `nft_ctx_new` opens the netlink socket at once, so a context belongs to the namespace in which it was made. */
const DEFAULT = 0;
/** From libnftables.h: answers in JSON, sets and maps with their elements. */
const OUTPUT_JSON = 1 << 4;

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
		const context = this.#library.create(DEFAULT);
		if (!context) throw new NftablesError('libnftables gave no context', '');
		this.#library.bufferOutput(context);
		this.#library.bufferErrors(context);
		this.#context = context;
	}

	/** @returns what nft would print */
	run(commands: string): string {
		const context = this.#open();
		this.#library.setOutput(context, 0);
		const status = this.#library.run(context, commands);
		const output = this.#library.output(context);
		const errors = this.#library.errors(context);
		if (status !== 0) throw new NftablesError(errors.trim() || `nft failed with status ${status}`, commands);
		return output;
	}

	/** @returns the answer of `nft -j`, parsed */
	query(commands: string): unknown {
		const context = this.#open();
		this.#library.setOutput(context, OUTPUT_JSON);
		const status = this.#library.run(context, commands);
		const output = this.#library.output(context);
		const errors = this.#library.errors(context);
		if (status !== 0) throw new NftablesError(errors.trim() || `nft failed with status ${status}`, commands);
		return JSON.parse(output);
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
