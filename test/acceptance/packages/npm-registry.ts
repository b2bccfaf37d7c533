/** An npm registry on loopback that offers the packages of node_modules, for tests without the network. */
import { createReadStream, globSync, readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { outputOf } from '#test/testbed/command.ts';

export interface NpmRegistry {
	readonly url: string;
	close(): Promise<void>;
}

/**
 * Packages that node_modules lacks, e.g. those for other processors, are answered with 404.
 *
 * @param folder for the tarballs
 * @param without names that the registry is not to offer
 */
export async function startNpmRegistry(
	modules: string,
	folder: string,
	without: readonly string[],
): Promise<NpmRegistry> {
	let sent = 0;
	const server = createServer((request, response) => {
		const [name = '', version] = decodeURIComponent(request.url ?? '/')
			.slice(1)
			.split('/-/');
		const found = without.includes(name) ? new Map() : versionsOf(modules, name);
		const source = version === undefined ? undefined : found.get(version)?.folder;
		if (source !== undefined) void sendTarball(source, join(folder, `sent-${++sent}.tgz`), response);
		else if (found.size === 0) response.writeHead(404).end('{}');
		else response.setHeader('content-type', 'application/json').end(packument(name, found, request.headers.host ?? ''));
	});
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
	return {
		url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
		close: () => new Promise((resolve) => void server.close(() => resolve())),
	};
}

type Versions = ReadonlyMap<string, { readonly folder: string; readonly manifest: { readonly version: string } }>;

/** One at the top of node_modules, others below the packages that need them. */
function versionsOf(modules: string, name: string): Versions {
	const files = globSync([`${name}/package.json`, `{*,@*/*}/node_modules/${name}/package.json`], { cwd: modules });
	return new Map(
		files.map((file) => {
			const manifest = JSON.parse(readFileSync(join(modules, file), 'utf8')) as { version: string };
			return [manifest.version, { folder: join(modules, dirname(file)), manifest }];
		}),
	);
}

function packument(name: string, found: Versions, host: string): string {
	const versions = [...found].map(([version, { manifest }]) => {
		return [version, { ...manifest, dist: { tarball: `http://${host}/${name}/-/${version}` } }];
	});
	const [latest] = found.keys();
	return JSON.stringify({ name, 'dist-tags': { latest }, versions: Object.fromEntries(versions) });
}

/** @param file of this answer alone: npm asks for the same package twice at a time */
async function sendTarball(source: string, file: string, response: ServerResponse): Promise<void> {
	await outputOf(['tar', '-czf', file, '-C', source, '--transform', 's,^\\.,package,', '.']);
	createReadStream(file).pipe(response);
}
