/** Fails where a folder of `src` has too many files, or a file of `src` or `test` too many lines. Run by `npm run check`. */
import { globSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** TypeScript files in one folder of `src`, tests and folders in it left out. */
const MOST_FILES = 15;
const MOST_LINES = 300;

function crowdedFolders(): string[] {
	const files = globSync('src/**/*.{ts,tsx}').filter((file) => !/\.test\.tsx?$/.test(file));
	return [...Map.groupBy(files, dirname)]
		.filter(([, all]) => all.length > MOST_FILES)
		.map(
			([folder, all]) => `${folder}: ${all.length} files, at most ${MOST_FILES}: give some of them a room of their own`,
		);
}

function longFiles(): string[] {
	return globSync(['src/**/*.{ts,tsx,css}', 'test/**/*.ts']).flatMap((file) => {
		const lines = readFileSync(file, 'utf8').split('\n').length - 1;
		return lines > MOST_LINES ? [`${file}: ${lines} lines, at most ${MOST_LINES}`] : [];
	});
}

const found = [...crowdedFolders(), ...longFiles()].sort();
for (const line of found) console.error(line);
process.exitCode = found.length > 0 ? 1 : 0;
