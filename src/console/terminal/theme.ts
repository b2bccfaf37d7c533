import type { ITheme } from '@xterm/xterm';

const DARK: ITheme = {
	background: '#14171c',
	foreground: '#e4e7eb',
	cursor: '#e4e7eb',
	selectionBackground: '#3b4a63',
};

const LIGHT: ITheme = {
	background: '#ffffff',
	foreground: '#1c2128',
	cursor: '#1c2128',
	selectionBackground: '#b6d1f5',
	black: '#1c2128',
	red: '#b3261e',
	green: '#1a6b2e',
	yellow: '#7a5200',
	blue: '#1a56b8',
	magenta: '#8431a8',
	cyan: '#00656f',
	white: '#5b6470',
	brightBlack: '#4a525d',
	brightRed: '#b3261e',
	brightGreen: '#1a6b2e',
	brightYellow: '#7a5200',
	brightBlue: '#1a56b8',
	brightMagenta: '#8431a8',
	brightCyan: '#00656f',
	brightWhite: '#1c2128',
};

/** Calls with the colours for the scheme of the system, now and when it changes. @returns a function that ends that */
export function followTheme(apply: (theme: ITheme) => void): () => void {
	const dark = matchMedia('(prefers-color-scheme: dark)');
	const update = () => apply(dark.matches ? DARK : LIGHT);
	dark.addEventListener('change', update);
	update();
	return () => dark.removeEventListener('change', update);
}
