/** What the demo does: the walkthrough of the README, each command followed by what it must have brought about. */
import type { Narrator } from './narrator.ts';

const ID = '[0-9a-f]{12}';

export async function walkthrough(demo: Narrator): Promise<void> {
	await makeImage(demo);
	await makeNetwork(demo);
	await runOnVnet(demo);
	await twoContainers(demo);
	await refusals(demo);
	await lookAround(demo);
	await removeAll(demo);
}

async function makeImage(demo: Narrator): Promise<void> {
	demo.chapter("A base image of this host's own release, from its packages");
	const { stdout } = await demo.klee('image', 'create', '-t', 'Debian', 'fetch-auto');
	demo.check('the image was created', stdout, new RegExp(`image created\\n${ID}\\n$`));
	const listed = await demo.klee('lsi');
	demo.check('it is named Debian:latest', listed.stdout, /Debian +latest/);
}

async function makeNetwork(demo: Narrator): Promise<void> {
	demo.chapter('A network: one bridge of the host');
	await demo.klee('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', '--dry-run', 'testvnet');
	demo.check('--dry-run changed nothing', await demo.host.changes(), []);
	const { stdout } = await demo.klee('network', 'create', '-t', 'bridge', '--subnet', '10.4.6.0/24', 'testvnet');
	demo.check('it has an id of 12 hex digits', stdout, new RegExp(`^${ID}\\n$`));
	const bridge = await demo.onHost('ip', 'address', 'show', 'kleene0');
	demo.check('the host has the bridge, up', bridge.stdout, /kleene0: <[^>]*\bUP\b/);
	demo.check('the host holds the gateway address on it', bridge.stdout, /inet 10\.4\.6\.1\/24 /);
}

async function runOnVnet(demo: Narrator): Promise<void> {
	demo.chapter('A container with a network stack of its own');
	const { stdout } = await demo.klee('run', '-l', 'vnet', '-n', 'testvnet', 'Debian', 'ifconfig');
	demo.check('its default route is the bridge', stdout, /^add net default: gateway 10\.4\.6\.1$/m);
	const names = [...stdout.matchAll(/^(\S+): flags/gm)].map((match) => match[1]).sort();
	demo.check('it sees lo and epair0b, and no interface of the host', names, ['epair0b', 'lo']);
	demo.check('epair0b holds 10.4.6.2', stdout, /inet 10\.4\.6\.2 +netmask 255\.255\.255\.0/);
	const closing = new RegExp(`\\n\\nexecutable ${ID} and its container exited with exit-code 0\\n$`);
	demo.check('the container ended with its command', stdout, closing);
	const links = await demo.host.inside('ip', '-o', 'link');
	demo.check('no epair is left on the host', /epair/.test(links.stdout), false);
	const failing = await demo.kleeRefused('run', 'Debian', '/bin/sh', '-c', 'exit 7');
	demo.check("klee exits with the command's exit code", failing.code, 7);
	// A stopped container keeps its address until it is disconnected or removed.
	await demo.klee('container', 'prune', '-f');
}

async function twoContainers(demo: Narrator): Promise<void> {
	demo.chapter('Two containers on one bridge: ipnet and vnet');
	const { stdout } = await demo.klee(
		...['run', '-d', '-l', 'ipnet', '-J', 'allow.raw_sockets', '--name', 'webservice'],
		...['-n', 'testvnet', '--ip', '10.4.6.2', 'Debian'],
	);
	demo.check('webservice runs', stdout, new RegExp(`^${ID}\\ncreated execution instance ${ID}\\n$`));
	await demo.klee(
		...['run', '-d', '-l', 'vnet', '--name', 'vpnservice'],
		...['-n', 'testvnet', '--ip', '10.4.6.3', 'Debian'],
	);
	const there = await demo.klee('exec', 'webservice', 'ping', '-c', '2', '-i', '0.2', '10.4.6.3');
	demo.check('webservice reaches vpnservice', there.stdout, /2 received, 0% packet loss/);
	const back = await demo.klee('exec', 'vpnservice', 'ping', '-c', '2', '-i', '0.2', '10.4.6.2');
	demo.check('and back', back.stdout, /2 received, 0% packet loss/);
	await serve(demo, { server: 'webservice', address: '10.4.6.2', client: 'vpnservice' });
	await serve(demo, { server: 'vpnservice', address: '10.4.6.3', client: 'webservice' });
	const kept = await demo.kleeRefused('exec', 'webservice', 'ifconfig', 'kleene0', 'down');
	demo.check('ipnet cannot change its interfaces', kept.stdout + kept.stderr, /Operation not permitted/);
	const changed = await demo.klee('exec', 'vpnservice', 'ip', 'address', 'add', '10.4.6.77/24', 'dev', 'epair0b');
	demo.check('vnet can', changed.code, 0);
}

async function serve(
	demo: Narrator,
	{ server, address, client }: { server: string; address: string; client: string },
): Promise<void> {
	await demo.klee('exec', '-d', server, 'busybox', 'httpd', '-f', '-p', '8080', '-h', '/etc');
	// Started is not yet listening.
	await demo.host.inside('sh', '-c', `for i in $(seq 50); do nc -z ${address} 8080 && exit; sleep 0.1; done`);
	const url = `http://${address}:8080/os-release`;
	const { stdout } = await demo.klee('exec', client, 'busybox', 'wget', '-q', '-O', '-', url);
	demo.check(`TCP: ${client} fetches a page from ${server}`, stdout, /^ID=debian$/m);
}

async function refusals(demo: Narrator): Promise<void> {
	demo.chapter('What cannot be is refused, with the reason and what to do');
	const overlap = await demo.kleeRefused('network', 'create', '-t', 'bridge', '--subnet', '10.4.0.0/16', 'other');
	demo.check('the other network is named', overlap.stdout + overlap.stderr, /testvnet/);
	const taken = await demo.kleeRefused(
		...['create', '-l', 'vnet', '-n', 'testvnet', '--ip', '10.4.6.2', '--name', 'third', 'Debian'],
	);
	demo.check('the holder of the address is named', taken.stdout + taken.stderr, /webservice/);
	demo.check('both exit with an error', [overlap.code, taken.code].includes(0), false);
	const { stdout } = await demo.host.klee('lsc', '-a');
	demo.check('of the refused container nothing is left', /third/.test(stdout), false);
}

async function lookAround(demo: Narrator): Promise<void> {
	demo.chapter('What is there');
	const list = await demo.klee('lsc', '-a');
	demo.check('both run', list.stdout.match(/ running /g)?.length, 2);
	const network = await demo.klee('network', 'inspect', 'testvnet');
	const addresses = [...network.stdout.matchAll(/"ip_address": "(.+)"/g)].map((match) => match[1]);
	demo.check(
		'testvnet knows both addresses',
		['10.4.6.2', '10.4.6.3'].every((one) => addresses.includes(one)),
		true,
	);
	const container = await demo.klee('container', 'inspect', 'vpnservice');
	demo.check('vpnservice has its epair', container.stdout, /"epair": "epair\d+"/);
}

async function removeAll(demo: Narrator): Promise<void> {
	demo.chapter('Removal, and proof that the host is as before');
	await demo.klee('stop', 'webservice', 'vpnservice');
	await demo.klee('container', 'prune', '-f');
	await demo.klee('rmn', 'testvnet');
	await demo.onHost('ip', '-br', 'link');
	const nothing = 'links, addresses, routes, rules, proxies, firewall and forwarding';
	demo.check(`${nothing} are as before, on the host and on this machine`, await demo.host.changes(), []);
	demo.check('no mount and no process is left', demo.host.leftovers(), []);
}
