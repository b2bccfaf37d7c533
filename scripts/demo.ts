/**
 * `npm run demo`: the walkthrough and an application on the real kernel, against a kleened of its own. Its host is a network namespace
 * made for the occasion, so that the machine's network is left alone. `--console` leaves containers talking, and serves the page that
 * shows them. Exits with 1 when a check fails.
 */
import { TestHost } from '../test/testbed/test-host.ts';
import { Outside } from '../test/testbed/traffic/outside.ts';
import { application } from './demo/application.ts';
import { Interrupted, Narrator } from './demo/narrator.ts';
import { serveConsole, talking } from './demo/talking.ts';
import { walkthrough } from './demo/walkthrough.ts';

async function main(): Promise<number> {
	const began = Date.now();
	const withConsole = process.argv.includes('--console');
	const host = withConsole ? await startHostWithOutside() : await TestHost.start();
	const demo = new Narrator(host);
	const interrupt = () => {
		demo.interrupted = true;
	};
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt);
	console.log('Kleene, on the kernel of this machine. Started for this demo, and gone afterwards:');
	console.log(`   kleened --root ${host.root} --host ${host.url} --netns ${host.namespace}`);
	try {
		await walkthrough(demo);
		await application(demo);
		if (withConsole) {
			await talking(demo);
			await serveConsole(host);
			demo.interrupted = false;
		}
	} catch (error) {
		if (!(error instanceof Interrupted)) throw error;
		console.log('\ninterrupted; removing what was made');
	} finally {
		await host.close();
	}
	if (demo.interrupted) return 130;
	const seconds = ((Date.now() - began) / 1000).toFixed(1);
	const failed = demo.failures > 0 ? `${demo.failures} of ` : 'all ';
	console.log(`\n${failed}${demo.checks} checks ${demo.failures > 0 ? 'failed' : 'passed'} in ${seconds} s.`);
	return demo.failures > 0 ? 1 : 0;
}

/** With an uplink, so that there is a way out to look at. */
async function startHostWithOutside(): Promise<TestHost> {
	const outsides: Outside[] = [];
	const prepare = async (namespace: string) => void outsides.push(await Outside.beside(namespace));
	const host = await TestHost.start({ online: true, prepare });
	for (const outside of outsides) host.takeAlong(outside);
	return host;
}

process.exitCode = await main();
