import { KleeneError } from '#errors/kleene-error.ts';
import type { Platform } from '#model/registry/remote-image.ts';

/** ARGs that tell a Dockerfile what it is built for and where: the same, as nothing is built for another platform. */
export function platformArgs({ os, architecture }: Platform): [name: string, value: string][] {
	return ['TARGET', 'BUILD'].flatMap((side): [string, string][] => [
		[`${side}OS`, os],
		[`${side}ARCH`, architecture],
		[`${side}PLATFORM`, `${os}/${architecture}`],
	]);
}

/** Other names of architectures. Source: containerd/platforms, database.go. */
const ARCHITECTURES: ReadonlyMap<string, string> = new Map(
	Object.entries<string>({ x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64' }),
);

/**
 * @param text of `FROM --platform`: `OS`, `ARCHITECTURE` or `OS/ARCHITECTURE[/VARIANT]`
 * @throws KleeneError UNSUPPORTED_HERE for another platform than that of the host
 */
export function requirePlatform(text: string, host: Platform): void {
	const words = text.toLowerCase().split('/');
	const known = words.map((word) => ARCHITECTURES.get(word) ?? word);
	const [first = '', second] = known;
	const own = second === undefined ? [host.os, host.architecture].includes(first) : first === host.os;
	if (own && (second === undefined || second === host.architecture)) return;
	throw new KleeneError({
		code: 'UNSUPPORTED_HERE',
		what: `cannot build for the platform ${text}`,
		why: `this host runs ${host.os}/${host.architecture}`,
		hint: 'leave --platform out, or build with a daemon on a host of that platform (--host)',
	});
}
