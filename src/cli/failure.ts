import { type ErrorParts, KleeneError } from '#errors/kleene-error.ts';

/** Exit codes that mean something of their own; every other refusal exits 1. */
export const EXIT = {
	refused: 1,
	usage: 2,
	mount: 125,
	/** Instead of all others where the exit code is that of a command in a container. */
	noCommand: 125,
	config: 255,
	interrupted: 130,
	noReader: 141,
} as const;

/** A refusal of the command line itself, before anything was sent. */
export class CommandLineError extends KleeneError {
	readonly exitCode: number;

	constructor(exitCode: number, parts: ErrorParts) {
		super(parts);
		this.exitCode = exitCode;
	}
}

export function usageError(what: string, why: string, hint: string): CommandLineError {
	return new CommandLineError(EXIT.usage, { code: 'INVALID_ARGUMENT', what, why, hint, message: what });
}

/** Ends the command without a message: what there was to say has been said. */
export class Quit extends Error {
	readonly exitCode: number;

	constructor(exitCode: number) {
		super(`exit ${exitCode}`);
		this.exitCode = exitCode;
	}
}
