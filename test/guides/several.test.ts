/** Guide: an application of several containers, on networks of their own. */
import { after, before } from 'node:test';
import { startHostWithUplink } from '#test/testbed/base-image.ts';
import type { TestHost } from '#test/testbed/test-host.ts';
import { guide, ID, ONE_ID, row } from './guide.ts';

let host: TestHost;

before(async () => {
	host = await startHostWithUplink();
});
after(() => host.close());

const STORE = 'while :; do echo answer-42 | busybox nc -l -p 6000; done';
const WEB = 'mkdir /www; echo page > /www/index.html; exec busybox httpd -f -p 80 -h /www';

guide('several containers', () => host, [
	['klee network create -t bridge --subnet 10.13.37.0/24 front', { out: ONE_ID }],
	['klee network create -t bridge --subnet 10.13.38.0/24 --internal back', { out: ONE_ID }],
	['klee lsn', { out: [row('front', 'bridge', '10\\.13\\.37\\.0/24'), row('back', 'bridge')] }],
	[`klee run -d --name store -l vnet -n back Debian sh -c '${STORE}'`, {}],
	[`klee create --name web -l vnet -n front -p 8080:80 Debian sh -c '${WEB}'`, { out: ONE_ID }],
	['klee network connect back web', { out: '' }],
	['klee start -d web', { err: new RegExp(`created execution instance ${ID}\n`) }],
	['klee exec web sh -c "busybox nc -w 2 store 6000 </dev/null"', { out: 'answer-42\n', soon: true }],
	['klee exec web ip route', { out: /^default via 10\.13\.37\.1 / }],
	['klee run --rm -n front Debian busybox wget -q -O - http://web/', { out: 'page\n', soon: true }],
	['klee run --rm -n front Debian busybox nc -w 1 10.13.38.2 6000', { code: 1, not: /answer/ }],
	['curl -s http://10.13.37.2/', { out: 'page\n' }],
	['curl -s http://127.0.0.1:8080/', { out: 'page\n' }],
	['klee port web', { out: /80\/tcp.*8080/ }],
	['klee isn back', { out: [/"ip_address": "10\.13\.38\.2"/, /"ip_address": "10\.13\.38\.3"/] }],
	['klee network connect back web', { code: 1, err: /already connected/ }],
	['klee network disconnect back web', { out: '' }],
	['klee exec web busybox nc -w 1 store 6000', { code: 1, not: /answer/ }],
	['klee stop web store', { out: new RegExp(`^(${ID}\n){2}$`) }],
	['klee rmc web store', {}],
	['klee rmn front back', { out: new RegExp(`^(${ID}\n){2}$`) }],
	['ip -o link', { not: /: (kleene|epair)\d/ }],
]);
