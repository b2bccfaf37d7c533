/** The end of the demo: an application, from its Dockerfile to its removal. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../test/testbed/eventually.ts';
import { Registry } from '../../test/testbed/registry.ts';
import type { Narrator } from './narrator.ts';

const ID = '[0-9a-f]{12}';
/** Counts visits in a file of the store, which the web server asks. */
const FILES: Readonly<Record<string, string>> = {
	Dockerfile: `FROM Debian AS pages
ARG EDITION=first
COPY index.html /out/
RUN sed -i "s/EDITION/$EDITION/" /out/index.html

FROM Debian
COPY --from=pages /out /srv/web
COPY --chmod=755 visit /srv/web/cgi-bin/
COPY --chmod=755 count /srv/store/cgi-bin/
EXPOSE 80
HEALTHCHECK --interval=1s CMD busybox wget -q -O /dev/null http://127.0.0.1/
CMD ["busybox", "httpd", "-fv", "-p", "80", "-h", "/srv/web"]
`,
	'index.html': '<h1>The EDITION edition</h1>\n',
	visit: `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
echo "visit $(busybox wget -q -O - http://store:7000/cgi-bin/count)"
`,
	count: `#!/bin/sh
n=$(cat /data/count || echo 0)
echo $((n + 1)) >/data/count
printf 'Content-Type: text/plain\\r\\n\\r\\n'
cat /data/count
`,
};

export async function application(demo: Narrator): Promise<void> {
	const registry = await Registry.start(demo.host.namespace);
	// Closed with the host too: the demo can be interrupted anywhere.
	demo.host.takeAlong(registry);
	const image = `${registry.address}/shop:1`;
	await build(demo);
	await throughRegistry(demo, image);
	await start(demo, image);
	await use(demo, image);
	await removeApplication(demo, image);
	await registry.close();
	await asBefore(demo);
}

async function build(demo: Narrator): Promise<void> {
	demo.chapter('An application: its image, built in two stages');
	const context = join(demo.host.folder, 'shop');
	mkdirSync(context);
	for (const [name, text] of Object.entries(FILES)) writeFileSync(join(context, name), text);
	await demo.onHost('cat', join(context, 'Dockerfile'));
	const built = await demo.klee('build', '-t', 'shop:1', '--build-arg', 'EDITION=second', 'shop');
	demo.check('the image was created', built.stdout, new RegExp(`${ID}\\n$`));
	const again = await demo.klee('build', '-t', 'shop:1', '--build-arg', 'EDITION=second', 'shop');
	demo.check('unchanged steps come from the cache', again.stdout.match(/Using cache/g)?.length, 5);
}

async function throughRegistry(demo: Narrator, image: string): Promise<void> {
	demo.chapter('To a registry and back');
	const pushed = await demo.klee('push', '--tls-verify=false', 'shop:1', image);
	demo.check('it has a digest', pushed.stdout, /sha256:[0-9a-f]{64}/);
	await demo.klee('rmi', 'shop:1');
	await demo.klee('pull', '--tls-verify=false', image);
	const listed = await demo.klee('lsi');
	demo.check(
		'only the pulled image is here',
		[/ shop /.test(listed.stdout), /\/shop /.test(listed.stdout)],
		[false, true],
	);
}

async function start(demo: Narrator, image: string): Promise<void> {
	demo.chapter('A web server and a data store, on two networks');
	await demo.klee('network', 'create', '-t', 'bridge', '--subnet', '10.4.7.0/24', 'front');
	await demo.klee('network', 'create', '-t', 'bridge', '--subnet', '10.4.8.0/24', '--internal', 'back');
	await demo.klee('volume', 'create', 'visits');
	await startStore(demo, image);
	await demo.klee('run', '-d', '-l', 'vnet', '--name', 'web', '-n', 'front', '-n', 'back', '-p', '8080:80', image);
	const ports = await demo.klee('port', 'web');
	demo.check('the port of the web server is published', ports.stdout, /^80\/tcp -> \*:8080$/m);
}

async function startStore(demo: Narrator, image: string): Promise<void> {
	const network = ['-l', 'vnet', '-n', 'back', '--name', 'store', '-m', 'visits:/data'];
	await demo.klee(
		'run',
		'-d',
		...network,
		'--no-healthcheck',
		image,
		'busybox',
		'httpd',
		'-f',
		'-p',
		'7000',
		'-h',
		'/srv/store',
	);
}

async function use(demo: Narrator, image: string): Promise<void> {
	demo.chapter('The application at work');
	const page = await fetchSoon(demo, 'http://127.0.0.1:8080/', 'edition');
	demo.check('the page has the argument of the build', page, '<h1>The second edition</h1>\n');
	demo.check(
		'the store counts',
		await fetchSoon(demo, 'http://127.0.0.1:8080/cgi-bin/visit', 'visit [0-9]'),
		/^visit \d+\n$/,
	);
	await demo.klee('rm', '-f', 'store');
	await startStore(demo, image);
	const later = await fetchSoon(demo, 'http://127.0.0.1:8080/cgi-bin/visit', 'visit [0-9]');
	demo.check('a new store counts on: the volume was kept', later, /^visit ([2-9]|\d\d+)\n$/);
	const logs = await demo.klee('logs', 'web');
	demo.check('the web server has logged the requests', logs.stdout, /response:200/);
	const stats = await demo.klee('stats', '--no-stream');
	demo.check('both containers use something', [/ web /.test(stats.stdout), / store /.test(stats.stdout)], [true, true]);
	await eventually('the web server is healthy', async () =>
		(await demo.host.kleeOutput('ps')).includes('running (healthy)'),
	);
	const list = await demo.klee('ps');
	demo.check('both run', list.stdout.match(/ running /g)?.length, 2);
	demo.check('the web server is healthy', list.stdout, / web .* running \(healthy\) /);
}

/** Fetches a page from the host until it has the text: started is not yet listening. */
async function fetchSoon(demo: Narrator, url: string, text: string): Promise<string> {
	const wait = `for i in $(seq 50); do curl -s -m 5 ${url} | grep -q '${text}' && exit; sleep 0.1; done`;
	await demo.host.inside('sh', '-c', wait);
	const { stdout } = await demo.onHost('curl', '-s', '-m', '5', url);
	return stdout;
}

async function removeApplication(demo: Narrator, image: string): Promise<void> {
	demo.chapter('Removal of the application');
	await demo.klee('stop', 'web', 'store');
	await demo.klee('rm', 'web', 'store');
	await demo.klee('rmn', 'front', 'back');
	await demo.klee('rmv', 'visits');
	await demo.klee('rmi', image);
	await demo.klee('image', 'prune', '-a', '-f');
	const images = await demo.klee('lsi', '--json');
	demo.check('no image is left', JSON.parse(images.stdout), []);
}

async function asBefore(demo: Narrator): Promise<void> {
	await demo.onHost('ip', '-br', 'link');
	const nothing = 'links, addresses, routes, rules, proxies, firewall and forwarding';
	demo.check(`${nothing} are as before`, await demo.host.changes(), []);
	demo.check('no mount and no process is left', await demo.host.lastingLeftovers(), []);
}
