/** Two spaces of indentation, keys in alphabetical order: two answers can be compared as text. */
export function renderJson(value: unknown): string {
	return JSON.stringify(value, sorted, 2);
}

function sorted(_key: string, value: unknown): unknown {
	if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
	return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
}
