/** Guide: base images, their names and their removal. */
import { after, before } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { provideBusybox } from '#test/testbed/prepared/busybox.ts';
import { guide, ID, ONE_ID, row, startGuideHost } from './guide.ts';

let host: HostUnderTest;

before(async () => {
	host = await startGuideHost();
});
after(() => host.close());

const CREATED = new RegExp(`image created\n${ID}\n$`);
const GONE = new RegExp(`^${ID}\n$`);
const BUSYBOX = provideBusybox();

guide('base images', () => host, [
	[`mkdir -p root/bin root/etc && cp ${BUSYBOX} root/bin/sh && echo 1.0 > root/etc/version`],
	['tar -C root -cJf base.txz . && rm -r root'],
	['klee image create -t Tiny --no-dns --no-localtime fetch file://$PWD/base.txz', { out: CREATED }],
	['klee lsi', { out: [row('Tiny', 'latest'), row('Debian', 'latest')] }],
	['klee run --rm Tiny sh -c "cat /etc/version; ls /etc"', { out: /^1\.0\n(hosts\n)?version\n/, inside: true }],
	['klee isi Tiny', { out: [/"user": "root"/, /"\/etc\/rc"/, /"tag": "latest"/] }],
	['klee image tag Tiny Small:1.0', { out: ONE_ID }],
	['klee run --rm Tiny sh -c true', { code: 125, out: '', err: /Tiny/ }],
	['klee run --rm Small:1.0 sh -c "exit 3"', { code: 3, out: '' }],
	// The same name again: the earlier image stays, without a name, until it is pruned.
	['klee image create -t Small:1.0 fetch file://$PWD/base.txz', { out: CREATED }],
	['klee run --rm Small:1.0 sh -c "ls /etc"', { out: /resolv\.conf/, inside: true }],
	['klee image prune --dry-run', { out: new RegExp(ID) }],
	['klee image prune -f', { out: GONE }],
	['klee create --name user Small:1.0', { out: ONE_ID }],
	['klee rmi Small:1.0', { code: 1, err: /used for containers/ }],
	['klee rmc user', { out: ONE_ID }],
	['klee rmi Small:1.0', { out: 'Small:1.0\n' }],
	['klee rmi Small:1.0', { code: 1, err: /No such image: Small:1\.0/ }],
	['klee image create fetch', { code: 2, err: /SOURCE/ }],
	['klee image create -t Bad fetch file:///nowhere/base.txz', { code: 1, not: /image created/, err: /nowhere/ }],
	['klee image create -t Bad zfs-copy zroot/base', { code: 1, err: /dataset|ZFS|FreeBSD/ }],
	['echo text > bad.txz; klee image create -t Bad fetch file://$PWD/bad.txz', { code: 1, err: /archive/ }],
	['klee lsi', { not: /Bad|Small/ }],
]);
