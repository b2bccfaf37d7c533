/**
 * What a terminal shows after some output: lines with all that scrolled out of it, of the sequences that klee draws with
 * (cursor up, erase, colours). Others are an error, so that a test sees what it does not understand.
 */
export function screenOf(output: string, columns: number): string[] {
	const lines: string[][] = [[]];
	let [row, column] = [0, 0];
	const down = () => {
		row += 1;
		if (lines.length === row) lines.push([]);
	};
	// biome-ignore lint/suspicious/noControlCharactersInRegex: it reads what moves the cursor.
	for (const [text, count, command] of output.matchAll(/\u001b\[(\d*)([A-Za-z])|[\s\S]/gu)) {
		if (command === undefined) {
			if (text === '\n') down();
			else if (text === '\r') column = 0;
			else {
				if (column === columns) {
					column = 0;
					down();
				}
				const line = lines[row] as string[];
				line[column] = text;
				column += 1;
			}
		} else if (command === 'A') row = Math.max(0, row - Number(count || 1));
		else if (command === 'K') (lines[row] as string[]).length = Math.min(column, (lines[row] as string[]).length);
		else if (command === 'J') {
			lines.length = row + 1;
			(lines[row] as string[]).length = Math.min(column, (lines[row] as string[]).length);
		} else if (command !== 'm') throw new Error(`the screen does not know ${JSON.stringify(text)}`);
	}
	return lines.map((line) => Array.from(line, (character) => character ?? ' ').join(''));
}
