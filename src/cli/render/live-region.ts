import { errorText } from './output.ts';
import { columnsOf } from './width.ts';

/** Milliseconds between two pictures. */
const INTERVAL = 100;
const FALLBACK = { columns: 80, rows: 24 };

/** Room for a picture. */
export interface Room {
	readonly columns: number;
	readonly rows: number;
}

/** Whether stderr is a terminal that can draw over what it shows. */
export function drawsOnTerminal(): boolean {
	return process.stderr.isTTY === true && process.env.TERM !== 'dumb';
}

/**
 * The last lines of the terminal on stderr, drawn again and again while something goes on. What is printed meanwhile
 * appears above and stays.
 */
export class LiveRegion {
	readonly #draw: (room: Room) => readonly string[];
	/** Columns that each line of the last picture takes. */
	#drawn: readonly number[] = [];
	#above: string[] = [];
	readonly #timer: NodeJS.Timeout;

	/** @param draw the lines, none wider than the room, without control characters but those of `paint` */
	constructor(draw: (room: Room) => readonly string[]) {
		this.#draw = draw;
		this.#timer = setInterval(() => this.#show(), INTERVAL);
	}

	/** The last column stays free: a terminal may wrap there. */
	get room(): Room {
		const { columns = FALLBACK.columns, rows = FALLBACK.rows } = process.stderr;
		return { columns: Math.max(1, (columns || FALLBACK.columns) - 1), rows: rows || FALLBACK.rows };
	}

	print(lines: readonly string[]): void {
		this.#above.push(...lines);
	}

	/** Leaves the last lines that were printed, and no picture. */
	end(): void {
		clearInterval(this.#timer);
		this.#put([]);
	}

	#show(): void {
		this.#put(this.#draw(this.room).slice(0, Math.max(1, this.room.rows - 1)));
	}

	#put(lines: readonly string[]): void {
		const up = this.#rowsDrawn();
		const all = [...this.#above, ...lines].map((line) => `${line}\u001b[K\n`).join('');
		if (up === 0 && all === '') return;
		errorText(`${up > 0 ? `\u001b[${up}A` : ''}\r${all}\u001b[J`);
		this.#above = [];
		this.#drawn = lines.map((line) => columnsOf(withoutPaint(line)));
	}

	/** A terminal that was made narrower has wrapped them. */
	#rowsDrawn(): number {
		const columns = this.room.columns + 1;
		return this.#drawn.reduce((rows, length) => rows + Math.max(1, Math.ceil(length / columns)), 0);
	}
}

function withoutPaint(line: string): string {
	// biome-ignore lint/suspicious/noControlCharactersInRegex: it is what `paint` writes.
	return line.replace(/\u001b\[\d+m/g, '');
}
