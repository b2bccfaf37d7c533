/** A copy of the checkout to build packages in: dist/ of the checkout itself belongs to those who use it meanwhile. */
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

export const CHECKOUT = join(import.meta.dirname, '../../..');

const PARTS = ['package.json', 'tsconfig.json', 'README.md', 'LICENSE', 'bin', 'docs', 'packaging', 'scripts', 'src'];

export function copyCheckout(to: string): void {
	for (const part of PARTS) cpSync(join(CHECKOUT, part), join(to, part), { recursive: true });
	symlinkSync(join(CHECKOUT, 'node_modules'), join(to, 'node_modules'));
}

/** The environment of a user with the Node of this test on the PATH, without what npm sets in its scripts. */
export function userEnvironment(home: string): NodeJS.ProcessEnv {
	const bin = join(CHECKOUT, 'node_modules/.bin');
	const { PATH = '/usr/sbin:/usr/bin:/sbin:/bin' } = process.env;
	return { PATH: `${bin}:${PATH}`, HOME: home, LANG: 'C.UTF-8' };
}
