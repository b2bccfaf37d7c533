/** Guide: protecting access to the daemon. The listeners are UNIX sockets, with and without TLS. */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before } from 'node:test';
import type { HostUnderTest } from '#test/testbed/host-contract.ts';
import { fillRoot } from '#test/testbed/prepared/root.ts';
import { KLEENED, TestHost } from '#test/testbed/test-host.ts';
import { guide } from './guide.ts';

let host: TestHost;

/** As a service starts it: where it listens is in its configuration file. */
const CONFIGURED = 'exec "$0" --root "$2" --netns "$6" --config "$2/../config.yaml"';

before(async () => {
	host = await TestHost.start({
		program: ['sh', '-c', CONFIGURED, KLEENED],
		prepare: async (_, root) => {
			await fillRoot(root);
			const socket = join(dirname(root), 'kleened.sock');
			writeFileSync(join(dirname(root), 'config.yaml'), `api_listening_sockets:\n  - address: http://${socket}\n`);
		},
	});
});
after(() => host.close());

const restart = async (host: HostUnderTest) => {
	await host.stopDaemon();
	await host.startDaemon();
};
const reload = (host: HostUnderTest) => void process.kill(host.daemonPid ?? 0, 'SIGHUP');
const KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1';
const SIGNED = `${KEY} -CA ca.pem -CAkey ca.key`;
const listener = (more: string) => `cat > ~/config.yaml <<END
api_listening_sockets:
  - address: http://$HOME/kleened.sock
  - address: https://$HOME/tls.sock
    tlscert: $PWD/server.pem
    tlskey: $PWD/server.key
${more}END`;
const REMOTE = 'klee --host https://$HOME/tls.sock';

guide('protecting access', () => host, [
	['stat -c %U:%a ~/kleened.sock', { out: /^root:7[0145][0145]\n$/ }],
	[`openssl req -x509 ${KEY} -keyout ca.key -out ca.pem -subj /CN=ca`],
	[
		`openssl req -x509 ${SIGNED} -keyout server.key -out server.pem -subj /CN=server` +
			' -addext subjectAltName=DNS:localhost,IP:127.0.0.1 -addext extendedKeyUsage=serverAuth',
	],
	[
		`openssl req -x509 ${SIGNED} -keyout client.key -out client.pem -subj /CN=client` +
			' -addext extendedKeyUsage=clientAuth',
	],
	[`openssl req -x509 ${KEY} -keyout other.key -out other.pem -subj /CN=other`],
	['chmod 400 *.key; chmod 444 *.pem'],
	// The server is verified; everybody may come.
	[listener(''), { host: restart }],
	[`${REMOTE} --tlscacert ca.pem lsi`, { out: /Debian/ }],
	[`${REMOTE} --tlscacert other.pem lsi`, { code: 1, out: '', err: [/no trusted authority signed/, /--tlscacert/] }],
	[`${REMOTE} --tlsverify lsi`, { code: 1, out: '', err: /certificate/ }],
	// Both are verified.
	[listener('    tlsverify: true\n    tlscacert: $PWD/ca.pem\n'), { host: restart }],
	// The answer of the server and the end of the connection race: the one or the other is reported.
	[`${REMOTE} --tlscacert ca.pem lsi`, { code: 1, out: '', err: /requires a client certificate|without an answer/ }],
	[`${REMOTE} --tlscacert ca.pem --tlscert other.pem --tlskey other.key lsi`, { code: 1, out: '' }],
	[`${REMOTE} --tlscacert ca.pem --tlscert client.pem lsi`, { code: 2, out: '', err: /--tlskey/ }],
	[`${REMOTE} --tlscacert ca.pem --tlscert client.pem --tlskey client.key lsi`, { out: /Debian/ }],
	[
		'printf "host: https://%s/tls.sock\ntlscacert: ca.pem\ntlscert: client.pem\ntlskey: client.key\n" $HOME > klee.yaml; ' +
			'unset KLEE_HOST; klee --config klee.yaml run --rm Debian echo over TLS',
		{ out: 'over TLS\n' },
	],
	// A new certificate of another authority, and a broken one, without a restart.
	[
		`openssl req -x509 ${KEY} -CA other.pem -CAkey other.key -keyout server.key -out server.pem -subj /CN=new` +
			' -addext subjectAltName=DNS:localhost',
		{ host: reload },
	],
	[`${REMOTE} --tlscacert other.pem --tlscert client.pem --tlskey client.key lsi`, { out: /Debian/, soon: true }],
	['rm -f server.pem; echo nonsense > server.pem', { host: reload }],
	['grep -c "cannot reload the TLS files" ~/kleened.log', { out: '1\n', soon: true }],
	[`${REMOTE} --tlscacert other.pem --tlscert client.pem --tlskey client.key lsi`, { out: /Debian/ }],
	['klee run --rm Debian test -e /var/run/kleened.sock', { code: 1 }],
]);
