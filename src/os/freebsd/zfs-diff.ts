/** Parses `zfs diff -H`: fields are separated by tabs, bytes that are not printable are octal (`\\0040`). */

export interface ZfsChange {
	readonly kind: 'added' | 'changed' | 'deleted';
	/** On the host. */
	readonly path: string;
}

export function parseDiff(output: string): ZfsChange[] {
	return output.split('\n').flatMap((line): ZfsChange[] => {
		const [sign, ...paths] = line.split('\t');
		const [path = '', renamed = ''] = paths.map(withoutEscapes);
		switch (sign) {
			case '+':
				return [{ kind: 'added', path }];
			case '-':
				return [{ kind: 'deleted', path }];
			case 'M':
				return [{ kind: 'changed', path }];
			case 'R':
				return [
					{ kind: 'deleted', path },
					{ kind: 'added', path: renamed },
				];
			default:
				return [];
		}
	});
}

function withoutEscapes(text: string): string {
	const bytes = text.replace(/\\0([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
	return Buffer.from(bytes, 'latin1').toString('utf8');
}
