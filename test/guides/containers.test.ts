/** Guides: the first container, and updating it. */
import { after, before } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { guide, ID, ONE_ID, row, startGuideHost } from './guide.ts';

let host: HostUnderTest;

before(async () => {
	host = await startGuideHost();
});
after(() => host.close());

const ended = (code: number) => new RegExp(`\n\nexecutable ${ID} and its container exited with exit-code ${code}\n$`);

guide('the first container', () => host, [
	['klee lsi', { out: row('Debian', 'latest') }],
	['klee run --name hello Debian echo "hello  world"', { out: 'hello  world\n', err: ended(0) }],
	['klee lsc', { not: /hello/ }],
	['klee lsc -a', { out: row('hello', 'Debian:latest', 'echo hello', 'no', 'exited \\(0\\)') }],
	['klee start hello', { out: 'hello  world\n', err: ended(0) }],
	['klee run --name failing Debian sh -c "exit 7"', { code: 7, err: ended(7) }],
	['klee run -d --name service -e GREETING=hi Debian', { keep: { service: new RegExp(`^(${ID})\n`) } }],
	['klee lsc', { out: row('service', '/bin/sh /etc/rc', 'running'), not: /hello/ }],
	['klee exec service sh -c \'echo "$GREETING from $(hostname)"\'', { out: new RegExp(`^hi from ${ID}\n$`) }],
	['klee exec <service> id -u', { out: '0\n', err: new RegExp(`${ID} has exited with exit-code 0\n$`) }],
	['klee exec nobody true', { code: 125, err: /nobody/ }],
	['klee rmc service', { code: 1, err: /running/ }],
	['klee stop service', { out: ONE_ID }],
	['klee stop service', { code: 1, err: /not running/ }],
	['klee inspect service', { out: [/"running": false/, /"GREETING=hi"/, /"network_driver": "host"/] }],
	['klee rmc hello failing service', { out: new RegExp(`^(${ID}\n){3}$`) }],
	['klee lsc -a', { not: /hello|service/ }],
]);

guide('updating a container', () => host, [
	['klee run -d --name app -e COLOUR=red -e SIZE=1 Debian sleep 600', { out: new RegExp(`^${ID}\n`) }],
	['klee container update -e COLOUR=blue app', { out: ONE_ID, err: /app runs: env at its next start/ }],
	['klee exec app sh -c "cat /proc/[0-9]*/environ"', { out: /COLOUR=red/, inside: true }],
	['klee restart app', { out: new RegExp(`^${ID}\n`) }],
	['klee exec app printenv COLOUR', { out: 'blue\n' }],
	['klee exec app printenv SIZE', { code: 1, out: '' }],
	['klee container update --name shop app -- sh -c "printenv COLOUR; id -un"', { out: ONE_ID }],
	['klee exec shop touch /kept', { inside: true }],
	['klee stop shop', { out: ONE_ID }],
	['klee start shop', { out: 'blue\nroot\n' }],
	['klee container update -u nobody shop', { out: ONE_ID }],
	['klee start shop', { out: 'blue\nnobody\n', inside: true }],
	['klee diff shop', { out: /^A \/kept$/m, inside: true }],
	['klee rename shop store', { out: ONE_ID }],
	['klee start store', { out: 'blue\nnobody\n', inside: true }],
	['klee container update --persist store', { out: ONE_ID }],
	['klee container prune -f', { not: new RegExp(ID) }],
	['klee container update --no-persist store', { out: ONE_ID }],
	['klee container update --name "no good" store', { code: 1, err: /no good/ }],
	['klee container prune -f', { out: ONE_ID }],
]);
