/** Registries: what a FreeBSD host cannot do yet, and how to go about it. */
import { KleeneError } from '#errors/kleene-error.ts';
import type { ImageTransport } from '#host/driver.ts';
import { rowsOf } from '#os/freebsd/zfs.ts';
import { sh } from '#os/shell/quote.ts';
import type { Shell } from '#os/shell/shell.ts';
import type { PartHandler } from './handler.ts';
import type { Paths } from './paths.ts';
import { askOne } from './question.ts';

export function noRegistries(): KleeneError {
	return new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: 'cannot exchange images with registries or as archives of layers',
		why: 'Kleene does not do that on FreeBSD yet',
		hint: 'on FreeBSD: "pkg install skopeo", "skopeo copy docker://NAME oci-archive:/tmp/image.tar", then "klee image create -t NAME fetch file:///tmp/image.tar"',
	});
}

export const layouts: PartHandler<'layout'> = {
	make: () => {
		throw noRegistries();
	},
	unmake: () => sh`:`,
	describe: () => [],
};

export class FreebsdTransport implements ImageTransport {
	readonly #shell: Shell;
	readonly #paths: Paths;

	constructor(shell: Shell, paths: Paths) {
		this.#shell = shell;
		this.#paths = paths;
	}

	async examine(): Promise<never> {
		throw noRegistries();
	}

	async send(): Promise<never> {
		throw noRegistries();
	}

	archive(): never {
		throw noRegistries();
	}

	async receive(): Promise<never> {
		throw noRegistries();
	}

	/** Archives of images are recognised when they are unpacked: see `storage/oci-layout.ts`. */
	async look(): Promise<undefined> {
		return undefined;
	}

	async login(): Promise<never> {
		throw noRegistries();
	}

	async logout(): Promise<never> {
		throw noRegistries();
	}

	async measure(layers: readonly string[]): Promise<ReadonlyMap<string, number>> {
		const script = sh`zfs list -Hp -o name,used -d 1 -r -t filesystem ${this.#paths.layers()}`;
		const rows = await askOne(this.#shell, { script, parse: rowsOf });
		const sizes = rows.map(([name = '', used]) => [name.slice(this.#paths.layers().length + 1), Number(used)] as const);
		return new Map(sizes.filter(([id]) => layers.includes(id)));
	}
}
