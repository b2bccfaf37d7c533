/** A host with a container whose neighbours use up what there is, and what a refusal has to look like. */
import assert from 'node:assert/strict';
import { startHostWithImage } from '#test/testbed/base-image.ts';
import type { Outcome } from '#test/testbed/command.ts';
import type { TestHost } from '#test/testbed/test-host.ts';

export class LimitedHost {
	readonly host: TestHost;

	private constructor(host: TestHost) {
		this.host = host;
	}

	static async start(): Promise<LimitedHost> {
		return new LimitedHost(await startHostWithImage());
	}

	network(name: string, ...options: readonly string[]): Promise<string> {
		return this.host.kleeOutput('network', 'create', '-t', 'bridge', ...options, name);
	}

	container(name: string, ...options: readonly string[]): Promise<Outcome> {
		return this.host.klee('run', '-d', '--name', name, '-l', 'vnet', ...options, 'Debian', 'sleep', '600');
	}

	/** The container on a network of its own that is to notice nothing. */
	async neighbour(): Promise<void> {
		await this.network('others', '--subnet', '10.4.9.0/24');
		assert.equal((await this.container('other', '-n', 'others')).code, 0);
	}

	/** The whole refusal, and nothing is left behind that doctor or the neighbour would notice. */
	async requireRefused({ code, stderr }: Outcome, why: RegExp): Promise<void> {
		assert.notEqual(code, 0);
		assert.match(stderr, /^error: .+\n(?: {2}why: .+\n)? hint: .+/m);
		assert.match(stderr, why);
		assert.doesNotMatch(stderr, /internal error|^\s+at /m);
		const doctor = await this.host.klee('network', 'doctor', '--json');
		const { findings } = JSON.parse(doctor.stdout) as { findings: { kind: string }[] };
		const kinds = [...new Set(findings.map(({ kind }) => kind))];
		assert.deepEqual(kinds, ['capacity'], 'doctor names the pool, and nothing else');
		const ping = await this.host.klee('exec', 'other', 'ping', '-c', '1', '-W', '5', '10.4.9.1');
		assert.match(ping.stdout, / 0% packet loss/);
	}
}
