/** Guides: volumes, and mounts of files of the host. */
import { after, before } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { guide, NOT_FAR, ONE_ID, row, startGuideHost } from './guide.ts';

let host: HostUnderTest;

before(async () => {
	host = await startGuideHost();
});
after(() => host.close());

guide(
	'volumes',
	() => host,
	[
		['klee volume create data', { out: 'data\n' }],
		['klee lsv', { out: row('data', 'ago') }],
		['klee run --rm -m data:/srv/db Debian sh -c "echo precious > /srv/db/row"', { out: '' }],
		['klee run --rm -m data:/srv/db:ro Debian cat /srv/db/row', { out: 'precious\n' }],
		['klee run --rm -m data:/srv/db:ro Debian sh -c "echo > /srv/db/row"', { code: 2, err: /Read-only file system/ }],
		['klee create --name keeper -m data:/srv -m settings:/etc/init.d Debian cat /etc/init.d/mine', { out: ONE_ID }],
		['klee isv data', { out: [/"destination": "\/srv"/, /"type": "volume"/, /"read_only": false/] }],
		// As documented, unlike its first implementation: an empty volume is filled, and one in use is not removed.
		['klee run --rm -m settings:/x Debian sh -c "ls /x | wc -l; echo 1 > /x/mine"', { out: /^[1-9]\d*\n$/ }],
		['klee start keeper', { out: '1\n' }],
		['klee rmv data', { code: 1, err: /keeper/ }],
		['klee volume prune -f', { not: /data|settings/ }],
		['klee rmc keeper', { out: ONE_ID }],
		['klee rmv data', { out: 'data\n' }],
		['klee rmv data', { code: 1, err: /data/ }],
		['echo y | klee volume prune', { out: [/WARNING! This will remove all unused volumes/, /settings\n$/] }],
		['klee lsv', { not: /settings/ }],
	],
	{},
	NOT_FAR,
);

guide(
	'mounts',
	() => host,
	[
		['klee run --rm -m $PWD/site:/srv Debian cat /srv/index.html', { out: '<p>one\n' }],
		['klee run -d --name web -m $PWD/site:/srv -m $PWD/motd:/etc/motd:ro Debian sleep 600', {}],
		['echo "<p>two" > site/index.html; klee exec web cat /srv/index.html', { out: '<p>two\n' }],
		['klee exec web sh -c "cat /etc/motd; echo changed > /etc/motd"', { code: 2, out: 'welcome\n', err: /Read-only/ }],
		['klee exec web sh -c "echo new > /srv/made"', {}],
		['cat site/made motd', { out: 'new\nwelcome\n' }],
		['klee isc web', { out: [/"type": "nullfs"/, /"destination": "\/etc\/motd"/, /"read_only": true/] }],
		['klee create --name none -m $PWD/missing:/srv Debian', { code: 1, out: '', err: /has no .*missing/ }],
		['klee create -m $PWD/site:/srv:rx Debian', { code: 125, out: '', err: /rx/ }],
		['klee lsc -a', { not: /none/ }],
		['klee stop web', {}],
		['klee diff web', { not: /index.html/ }],
		['klee rmc web', {}],
		['ls site motd', { out: 'motd\n\nsite:\nindex.html\nmade\n' }],
	],
	{ 'site/index.html': '<p>one\n', motd: 'welcome\n' },
	NOT_FAR,
);
