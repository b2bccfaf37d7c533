/** `klee build` and `podman build` of one Dockerfile, from the same base, without network. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestHost } from '../../test/testbed/test-host.ts';
import type { PodmanPeer } from './podman.ts';
import { alternate, type Figures, Stopwatch } from './timing.ts';

/** Builds of one program. */
export interface BuildFigures {
	/** Every step is carried out. */
	readonly cold: Figures;
	/** Every step is in the cache. */
	readonly warm: Figures;
}

export interface BuildTimes {
	readonly klee: BuildFigures;
	/** Or why there is none. */
	readonly podman: BuildFigures | string;
}

/** Two stages that use each other, files in both directions, and small commands: what is measured is the builder. */
const dockerfile = (base: string) => `
FROM ${base} AS maker
WORKDIR /src
COPY . .
RUN cat files/* >all
RUN sha256sum files/* >sums
RUN mkdir /out && cp all sums /out/
FROM ${base}
ENV MODE=bench
COPY --from=maker /out /srv/
RUN test "$(wc -l </srv/sums)" -eq ${FILES}
LABEL made.by=bench
CMD ["cat", "/srv/sums"]
`;

const FILES = 50;

/** @param podman or why there is none */
export async function timesOfBuilds(host: TestHost, podman: PodmanPeer | string, runs: number): Promise<BuildTimes> {
	const watch = new Stopwatch();
	const contexts = { klee: makeContext(host, 'Debian'), podman: makeContext(host, 'localhost/bench') };
	const peers: Record<string, (...options: readonly string[]) => Promise<number>> = {
		klee: (...options) => watch.time('', () => kleeBuild(host, [...options, contexts.klee])),
	};
	if (typeof podman !== 'string') peers.podman = (...options) => podman.timeOfBuild([...options, contexts.podman]);
	await alternate(
		Object.entries(peers),
		{ rounds: runs, warmUp: 1 },
		async ([name, build]) => {
			watch.add(`${name} cold`, await build('--no-cache'));
			watch.add(`${name} warm`, await build());
		},
		() => watch.clear(),
	);
	for (const directory of Object.values(contexts)) rmSync(directory, { recursive: true });
	const figuresOf = (name: string) => ({ cold: watch.figures(`${name} cold`), warm: watch.figures(`${name} warm`) });
	return { klee: figuresOf('klee'), podman: typeof podman === 'string' ? podman : figuresOf('podman') };
}

function makeContext(host: TestHost, base: string): string {
	const directory = join(host.folder, `context-${base.replace('/', '-')}`);
	mkdirSync(join(directory, 'files'), { recursive: true });
	writeFileSync(join(directory, 'Dockerfile'), dockerfile(base));
	for (let n = 0; n < FILES; n++) writeFileSync(join(directory, 'files', `${n}`), `${n}\n`.repeat(2000));
	return directory;
}

/** klee as a user starts it. */
async function kleeBuild(host: TestHost, words: readonly string[]): Promise<void> {
	const { code, stderr } = await host.kleeWith({}, 'build', '-t', 'built', ...words);
	if (code !== 0) throw new Error(`klee build ended with ${code}: ${stderr}`);
}
