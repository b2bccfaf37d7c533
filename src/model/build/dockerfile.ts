/** Text of a Dockerfile before its variables are replaced. */
export type Unexpanded = string;

/** A here-document: lines of the Dockerfile that are input of RUN or a file for COPY. */
export interface Heredoc {
	/** Its delimiter, which names the file that COPY makes of it. */
	readonly name: string;
	readonly content: string;
	/** Whether variables in it are replaced: its delimiter has no quotes. */
	readonly expands: boolean;
}

/** A command: words that are executed, or text for the shell. */
export type Command =
	| { readonly form: 'exec'; readonly words: readonly string[] }
	| { readonly form: 'shell'; readonly text: string };

export interface Transfer {
	readonly kind: 'copy' | 'add';
	readonly sources: readonly Unexpanded[];
	readonly destination: Unexpanded;
	/** A stage by name or number, or an image; undefined: the context. */
	readonly from: Unexpanded | undefined;
	/** `USER[:GROUP]`; undefined: root. */
	readonly chown: Unexpanded | undefined;
	/** Octal permissions of what is copied; undefined: as in the source. */
	readonly chmod: Unexpanded | undefined;
	/** Files whose content is in the Dockerfile. */
	readonly files: readonly Heredoc[];
}

/** `--mount` of RUN. */
export interface MountOption {
	readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret';
	/** By their longest names, e.g. `target` also for `dst`; a word without value is `true`. */
	readonly options: Readonly<Record<string, Unexpanded>>;
}

/** A health check as written: durations in milliseconds, 0 for the default. */
export interface HealthOptions {
	readonly interval: number;
	readonly timeout: number;
	readonly startPeriod: number;
	readonly startInterval: number;
	readonly retries: number;
}

export type Action =
	| {
			readonly kind: 'run';
			readonly command: Command;
			readonly input: Heredoc | undefined;
			readonly mounts: readonly MountOption[];
	  }
	| Transfer
	| { readonly kind: 'env' | 'label'; readonly pairs: readonly (readonly [name: Unexpanded, value: Unexpanded])[] }
	| { readonly kind: 'arg'; readonly pairs: readonly (readonly [name: string, value: Unexpanded | undefined])[] }
	| { readonly kind: 'user' | 'stopsignal'; readonly value: Unexpanded }
	| { readonly kind: 'workdir'; readonly value: Unexpanded }
	| { readonly kind: 'cmd' | 'entrypoint'; readonly command: Command }
	| { readonly kind: 'expose' | 'volume'; readonly values: readonly Unexpanded[] }
	| { readonly kind: 'shell'; readonly words: readonly string[] }
	| { readonly kind: 'healthcheck'; readonly command: Command | 'none'; readonly options: HealthOptions };

/** One instruction of a stage. */
export interface Instruction {
	readonly action: Action;
	/** The instruction as written, continued lines joined. */
	readonly line: string;
	/** Line number in the Dockerfile, from 1. */
	readonly number: number;
}

export interface Stage {
	/** Position in the Dockerfile, from 0. */
	readonly index: number;
	/** Name after AS, in lower case; undefined: it has none. */
	readonly name: string | undefined;
	/** The image or stage that it starts with; `scratch` is no files at all. */
	readonly base: Unexpanded;
	/** E.g. `linux/amd64`. */
	readonly platform: Unexpanded | undefined;
	readonly line: string;
	readonly number: number;
	readonly instructions: readonly Instruction[];
}

export interface Dockerfile {
	/** ARGs before the first FROM, with their lines. */
	readonly args: readonly Instruction[];
	/** One at least. */
	readonly stages: readonly Stage[];
	/** Character that continues a line and takes the meaning from the next one: a backslash, or a backtick. */
	readonly escapeChar: string;
}
