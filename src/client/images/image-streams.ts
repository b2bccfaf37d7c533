/** Operations on images that take their time: progress as text, then what came of it. */
import { CLOSE, STREAMS_SUBPROTOCOL } from '#api/frames.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { HttpTransport } from '../http.ts';
import { refusalInFrame } from '../refusal.ts';
import { type Ending, failureOf, openWire, parseMessage, type Wire } from '../wire.ts';

export interface ImageStream {
	readonly path: string;
	readonly configuration: object;
	/** Words of a failure, as the daemon closes the stream with, e.g. `image creation failed`. */
	readonly failed: string;
	/** E.g. `create the image`. */
	readonly doing: string;
	/** The failure is headed by `failed`, as the original has it. Default: by what failed. */
	readonly headed?: boolean;
}

/**
 * @param onProgress text as it comes, in pieces of any size
 * @returns the id or digest, when it is done
 */
export async function streamImage(
	http: HttpTransport,
	stream: ImageStream,
	onProgress: (text: Buffer) => void,
): Promise<string> {
	let wire: Wire | undefined;
	let refusal: KleeneError | undefined;
	const progress = new Progress(onProgress, () => wire?.isEnding() === true);
	wire = await openWire(http, {
		path: stream.path,
		subprotocol: STREAMS_SUBPROTOCOL,
		configuration: stream.configuration,
		onFrame: (data) => {
			refusal = wire?.agreed ? refusalIn(data, stream) : undefined;
			if (!refusal) progress.take(data);
		},
	});
	const ending = await wire.ended;
	if (ending.code === CLOSE.finished && ending.reason) {
		progress.flush();
		return ending.reason.data;
	}
	if (refusal) progress.flush();
	throw refusal ?? failureFrom(ending, progress, stream.failed);
}

/** The whole refusal, from daemons that know our frames. */
function refusalIn(frame: Buffer, { doing, failed, headed }: ImageStream): KleeneError | undefined {
	const message = parseMessage(frame.toString('utf8'));
	if (message?.msg_type !== 'error') return undefined;
	const told = refusalInFrame(message.data, doing);
	if (!headed || !told) return told;
	return new KleeneError({ code: told.code, what: failed, why: `${told.what}: ${told.why}`, hint: told.hint });
}

/** The frame before the end has the whole reason, where the close frame has room for its beginning. */
function failureFrom(ending: Ending, progress: Progress, failed: string): KleeneError {
	const failure = failureOf(ending, failed);
	const beginning = failure.message.replace(`${failed}: `, '').replace(/…$/, '');
	const lastFrame = progress.held?.toString('utf8').trimEnd() ?? '';
	if (lastFrame === '' || !lastFrame.startsWith(beginning)) {
		progress.flush();
		return failure;
	}
	progress.drop();
	const [, why = lastFrame, hint = failure.hint] = /^(.*?)(?:\nhint: (.*))?$/s.exec(lastFrame) ?? [];
	return new KleeneError({ code: 'IMAGE_FAILED', what: failed, why, hint });
}

/** Longer than a reason and the close frame that follows it are apart, shorter than anybody notices. */
const HOLD_MILLISECONDS = 20;

/** Progress but for the starting frame and, where it can be told, the reason of a failure. */
class Progress {
	readonly #onProgress: (text: Buffer) => void;
	#started = false;
	/** The last frame, not yet passed on. */
	held: Buffer | undefined;
	#timer: NodeJS.Timeout | undefined;
	readonly #isOver: () => boolean;

	/** @param isOver whether no frame follows: the end then says what the last one was */
	constructor(onProgress: (text: Buffer) => void, isOver: () => boolean) {
		this.#onProgress = onProgress;
		this.#isOver = isOver;
	}

	take(frame: Buffer): void {
		this.flush();
		if (this.#started) this.held = frame;
		this.#started = true;
		this.#timer = setTimeout(() => {
			if (!this.#isOver()) this.flush();
		}, HOLD_MILLISECONDS);
	}

	flush(): void {
		const { held } = this;
		this.drop();
		if (held) this.#onProgress(held);
	}

	drop(): void {
		clearTimeout(this.#timer);
		this.held = undefined;
	}
}
