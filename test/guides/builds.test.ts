/** Guides: building images, their snapshots, and good practice for Dockerfiles. */
import { after, before } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { guide, ID, NOT_FAR, ONE_ID, row, startGuideHost } from './guide.ts';

let host: HostUnderTest;

before(async () => {
	host = await startGuideHost();
});
after(() => host.close());

const SNAPSHOT = new RegExp(`--> Snapshot created: @(${ID})\n`);

guide(
	'builds',
	() => host,
	[
		['klee build -t app app', { out: ONE_ID, err: [/^Step 1\/5 : FROM Debian$/m, /^Step 5\/5 : CMD /m, SNAPSHOT] }],
		['klee lsi', { out: row('app', 'latest') }],
		['klee run -d --name app app', {}],
		['klee logs app', { out: 'hello from 1\n', soon: true, inside: true }],
		// A new version: the container is replaced, the earlier image has no name any more.
		['echo "hello from 2" > app/greeting; klee build -t app app', { out: ONE_ID, err: SNAPSHOT, not: /Using cache/ }],
		['klee build -t app app', { out: ONE_ID, err: /--> Using cache/ }],
		['klee rmc -f app; klee run -d --name app app', {}],
		['klee logs app', { out: 'hello from 2\n', soon: true, inside: true }],
		['klee image prune -f', { out: new RegExp(`^(${ID}\n)+$`) }],
		['klee rmc -f app', {}],
		['klee build -t app --build-arg WHO=you --from Debian app', { err: /Using user-supplied parent image: 'Debian'/ }],
		['klee run --rm app printenv WHO OWNER', { code: 1, out: 'you\n' }],
		['klee build -q -t app app', { out: ONE_ID, err: '' }],
		['cd app && klee build -t app . && klee build -t app -f Other .', { err: /other/ }],
		['klee build -t app nowhere', { code: 1, out: '', err: /nowhere/ }],
		[
			'printf "FRO Debian\\n" | klee build -t bad -f - app',
			{ code: 1, out: '', err: /error in 'FRO Debian': invalid/ },
		],
		['printf "RUN true\\n" | klee build -t bad -f - app', { code: 1, out: '', err: /not permitted before a FROM/ }],
		['klee rmi app', {}],
		['klee image prune -f', {}],
		['klee lsi', { not: /app|bad/ }],
	],
	{
		'app/Dockerfile':
			'FROM Debian\nARG WHO=nobody\nENV WHO=$WHO\nCOPY greeting /greeting\nCMD cat /greeting; exec sleep 600\n',
		'app/greeting': 'hello from 1\n',
		'app/Other': 'FROM Debian\nRUN echo other >&2\n',
	},
);

guide(
	'snapshots',
	() => host,
	[
		['klee build -t steps good', { out: ONE_ID, keep: { first: SNAPSHOT } }],
		['klee run --rm steps cat /log', { out: 'one\ntwo\n' }],
		['klee run --rm steps@<first> cat /log', { out: 'one\n' }],
		['klee isi steps', { out: /"RUN echo one >>\/log",\s*"[0-9a-f]{12}"/ }],
		['printf "FROM steps@<first>\\nRUN echo else >>/log\\n" | klee build -t branch -f - good', { out: ONE_ID }],
		['klee run --rm branch cat /log', { out: 'one\nelse\n' }],
		// A failed build is kept: look at the state before and after the failing instruction.
		[
			'klee build -t broken bad',
			{ code: 1, out: '', err: [/returned a non-zero code: 7/, /broken:failed/], keep: { last: SNAPSHOT } },
		],
		['klee run --rm broken:failed cat /log', { out: 'before\nhalf\n' }],
		['klee run --rm broken:failed@<last> cat /log', { out: 'before\n' }],
		['klee rmi broken:failed', {}],
		['klee build --rm -t broken bad', { code: 1, out: '', err: /non-zero code: 7/ }],
		['klee lsi', { not: /broken/ }],
		['klee run steps@000000000000 true', { code: 125, out: '', err: /000000000000/ }],
		['klee rmi branch', {}],
		['klee rmi steps', {}],
		['klee image prune -f', {}],
	],
	{
		'good/Dockerfile': 'FROM Debian\nRUN echo one >>/log\nRUN echo two >>/log\n',
		'bad/Dockerfile': 'FROM Debian\nRUN echo before >>/log\nRUN echo half >>/log; exit 7\n',
	},
	NOT_FAR,
);

guide(
	'practice for Dockerfiles',
	() => host,
	[
		['klee build -t site site', { out: ONE_ID, err: /made-by-make/ }],
		['klee run --rm site', { out: '/srv/app nobody\nmade-by-make\n' }],
		['klee run --rm site sh -c "find /srv /opt"', { code: 1, not: /secret|compiler/, out: /^\/srv\/app\/page$/m }],
		['klee run --rm site stat -c "%U %a" /srv/app/page', { out: 'nobody 640\n' }],
		['klee isi site', { out: [/"maintainer": "me"|maintainer=me/, /"user": "nobody"/, /8080/] }],
		['klee history site', { out: [/COPY --from=make/, /WORKDIR/] }],
		// What changes often comes last: everything before it is found in the cache.
		['echo changed > site/page.in; klee build -t site site', { err: /Using cache/ }],
		['klee run --rm site', { out: '/srv/app nobody\nmade-by-make\n' }],
		['klee build -t site --target make --no-cache site', { out: ONE_ID, not: /Using cache/ }],
		['klee run --rm site ls /opt', { out: 'compiler\n' }],
		['klee rmi site', {}],
		['klee image prune -f', {}],
	],
	{
		'site/Dockerfile': `# syntax=docker/dockerfile:1
FROM Debian AS make
RUN mkdir -p /opt /out && echo big > /opt/compiler
COPY . /src
RUN ls /src >&2; echo made-by-make | tee /out/page

FROM Debian
LABEL maintainer=me
WORKDIR /srv/app
COPY --from=make --chown=nobody --chmod=640 /out/page ./
EXPOSE 8080
USER nobody
CMD echo "$PWD $(id -un)"; cat page
`,
		'site/.dockerignore': 'secret\n',
		'site/secret': 'secret\n',
		'site/page.in': 'text\n',
	},
	NOT_FAR,
);
