import { readdirSync, readFileSync } from 'node:fs';

/** What a command on a real FreeBSD 13.2 host did. */
export interface Recording {
	/** Name of the file, e.g. `014-bridge-show`. */
	readonly name: string;
	readonly argv: readonly string[];
	readonly stdin?: string;
	readonly exitCode: number;
	readonly stdout: string;
	readonly stderr: string;
}

const FOLDER = new URL('./recordings/', import.meta.url);

/** All of them, in the order in which they were made. */
export const recordings: readonly Recording[] = readdirSync(FOLDER)
	.sort()
	.map((file) => ({
		name: file.replace(/\.json$/, ''),
		...(JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Omit<Recording, 'name'>),
	}));

/** @param name without folder and ending, e.g. `014-bridge-show` */
export function recording(name: string): Recording {
	const found = recordings.find((one) => one.name === name);
	if (!found) throw new Error(`no recording is called ${name}`);
	return found;
}
