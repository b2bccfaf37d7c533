const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `1234567` is `1.23 MB`: three digits, powers of 1000. */
export function size(bytes: number): string {
	const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
	const value = bytes / 1000 ** power;
	const digits = power === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
	return `${value.toFixed(digits)} ${UNITS[power]}`;
}

/** `3661` seconds are `1:01:01`, `61.5` are `1:01`. */
export function clock(seconds: number): string {
	const whole = Math.floor(seconds);
	const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
	const two = (n: number) => String(n).padStart(2, '0');
	return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}
