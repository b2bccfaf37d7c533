import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { KleeneError } from '#errors/kleene-error.ts';
import { requireHooksAllowed } from './hooks.ts';
import { parseJailParameters } from './parameters.ts';

const MAPPED = { jailParameters: 'mapped' } as const;
const NATIVE = { jailParameters: 'native' } as const;
type Vocabulary = typeof MAPPED | typeof NATIVE;

const mapped = (...parameters: string[]) => parseJailParameters(parameters, MAPPED);
const native = (...parameters: string[]) => parseJailParameters(parameters, NATIVE);

function refusal(vocabulary: Vocabulary, ...parameters: string[]): KleeneError {
	try {
		parseJailParameters(parameters, vocabulary);
	} catch (error) {
		return error as KleeneError;
	}
	assert.fail(`accepted: ${parameters.join(' ')}`);
}

for (const vocabulary of [MAPPED, NATIVE])
	describe(`in both vocabularies, ${vocabulary.jailParameters}`, () => {
		const parse = (...parameters: string[]) => parseJailParameters(parameters, vocabulary);

		test('booleans have three forms, and the last one given holds', () => {
			for (const yes of ['allow.raw_sockets', 'allow.raw_sockets=true', 'allow.raw_sockets=1'])
				assert.equal(parse(yes).rawSockets, true);
			for (const no of ['allow.noraw_sockets', 'allow.raw_sockets=false', 'allow.raw_sockets=0'])
				assert.equal(parse('allow.raw_sockets', no).rawSockets, false);
			assert.equal(parse().rawSockets, undefined);
			assert.match(refusal(vocabulary, 'allow.raw_sockets=perhaps').why, /neither true nor false/);
			assert.deepEqual([parse('exec.clean').inheritsEnv, parse('exec.noclean').inheritsEnv], [false, true]);
		});

		test('hostname and user are taken, without the quotes that jail.conf needs', () => {
			const settings = parse('host.hostname="web.lab"', 'exec.jail_user=www');
			assert.deepEqual([settings.hostname, settings.user, settings.hooks.user], ['web.lab', 'www', 'www']);
			assert.equal(parse().hooks.user, 'root');
			for (const bad of ['host.hostname', 'host.hostname=', 'host.hostname=a b', 'host.hostname=-x', 'host.nohostname'])
				assert.equal(refusal(vocabulary, bad).code, 'INVALID_ARGUMENT');
		});

		test('commands add up in order, word for word, and "no" drops those before', () => {
			const { hooks } = parse(
				'exec.start=echo "a = b"',
				'exec.prestart=x',
				'exec.start="one two" && three',
				'exec.start=',
			);
			assert.deepEqual(hooks.start, ['echo "a = b"', '"one two" && three']);
			assert.deepEqual([hooks.prestart, hooks.poststart, hooks.poststop], [['x'], [], []]);
			assert.deepEqual(parse('exec.start=a', 'exec.nostart', 'exec.start=b').hooks.start, ['b']);
			assert.match(refusal(vocabulary, 'exec.start').why, /needs a command/);
		});

		test('the time for commands is a number of seconds', () => {
			assert.deepEqual([parse().hooks.timeout, parse('exec.timeout=5').hooks.timeout], [60, 5]);
			for (const bad of ['exec.timeout', 'exec.timeout=0', 'exec.timeout=-1', 'exec.timeout=1h', 'exec.timeout=86401'])
				assert.equal(refusal(vocabulary, bad).code, 'INVALID_ARGUMENT');
		});

		test('what is no parameter at all is refused', () => {
			const bad = [
				'',
				'=',
				'=x',
				'a b',
				'A.b=1',
				'-c',
				'.x',
				'x.',
				'x..y',
				'$x=1',
				'exec.start=a\nb',
				'exec.start=a\0b',
			];
			for (const text of [...bad, `exec.start=${'x'.repeat(5000)}`])
				assert.equal(refusal(vocabulary, text).code, 'INVALID_ARGUMENT', JSON.stringify(text));
			assert.match(refusal(vocabulary, 'exec.start+=x').hint, /repeat it: -J exec\.start=/);
		});
	});

describe('mapped to what means the same without jails', () => {
	test('what is given by default can be taken', () => {
		assert.deepEqual(mapped('allow.mlock', 'allow.sysvipc', 'allow.reserved_ports').denied, []);
		assert.deepEqual(mapped('allow.nomlock', 'allow.sysvipc=0', 'allow.reserved_ports=false').denied, [
			'mlock',
			'reserved-ports',
			'sysvipc',
		]);
	});

	test('what this host decides by itself may be said, and its opposite is refused instead of ignored', () => {
		const { parameters, domainname } = mapped('mount.devfs=true', 'allow.noset_hostname', 'children.max=0');
		assert.deepEqual([parameters, domainname], [[], undefined]);
		assert.match(refusal(MAPPED, 'allow.set_hostname').why, /always/);
		assert.match(refusal(MAPPED, 'children.max=3').why, /no containers in containers/);
	});

	test('a container may have no devices, and the users of the host', () => {
		assert.deepEqual([mapped().devices, mapped().hostUsers], [true, false]);
		for (const none of ['mount.devfs=false', 'mount.nodevfs']) assert.equal(mapped(none).devices, false);
		assert.equal(mapped('exec.system_jail_user').hostUsers, true);
	});

	test('a domain has a name like a host', () => {
		assert.equal(mapped('host.domainname=lab.example').domainname, 'lab.example');
		assert.equal(refusal(MAPPED, 'host.domainname=a b').code, 'INVALID_ARGUMENT');
	});

	test('an unknown parameter is named, with the nearest known one', () => {
		const error = refusal(MAPPED, 'allow.raw_socket');
		assert.match(error.what, /allow\.raw_socket/);
		assert.equal(error.hint, 'did you mean allow.raw_sockets?');
		assert.match(refusal(MAPPED, 'vnet.interface=em0').hint, /known here: .*host\.hostname/);
		assert.match(refusal(MAPPED, 'exec.prestrat=x').hint, /exec\.prestart/);
	});

	test('nothing is run at a stop unless it was asked for', () => {
		assert.deepEqual(mapped().hooks.stop, []);
	});
});

describe('native', () => {
	test('what Kleene does not understand goes on as it was written, in order', () => {
		const given = ['allow.sysvipc', 'enforce_statfs=1', 'allow.nomlock', 'host.domainname=lab', 'allow.mount.zfs=true'];
		assert.deepEqual(native(...given).parameters, ['mount.devfs=true', ...given]);
		assert.deepEqual(native('x=a=b "c"').parameters.at(-1), 'x=a=b "c"');
	});

	test('defaults are those of the original, each until something is said about it', () => {
		assert.deepEqual(native().parameters, ['mount.devfs=true']);
		for (const no of ['mount.nodevfs', 'mount.devfs=false', 'mount.devfs=0'])
			assert.deepEqual(native(no).parameters, ['mount.devfs=false']);
		assert.deepEqual(native().hooks.stop, ['/bin/sh /etc/rc.shutdown']);
		for (const none of ['exec.nostop', 'exec.stop=']) assert.deepEqual(native(none).hooks.stop, []);
		assert.deepEqual(native('exec.stop=true').hooks.stop, ['true']);
	});

	test('users of the host are asked for by name', () => {
		const settings = native('exec.system_jail_user', 'exec.jail_user=www', 'allow.raw_sockets');
		assert.deepEqual([settings.hostUsers, settings.user, settings.rawSockets], [true, 'www', true]);
		assert.deepEqual(settings.parameters, ['mount.devfs=true']);
		assert.equal(native().hostUsers, false);
	});

	test('what is Kleene’s to say is refused in every form, with what to do instead', () => {
		const forms = 'path=/ name=x jid=7 vnet vnet=new novnet vnet.interface=em0 ip4=inherit ip6 ip4.addr=10.0.0.1';
		const more =
			'ip6.addr=::1 persist nopersist command=/bin/sh interface=em0 ip_hostname mount=x mount.fstab=/x depend=y';
		const last =
			'exec.fib=1 exec.consolelog=/etc/passwd exec.created=x exec.system_user=x stop.timeout=1 host=inherit parent=1';
		for (const form of [forms, more, last].flatMap((text) => text.split(' '))) {
			const { code, why, hint } = refusal(NATIVE, form);
			assert.deepEqual([code, /Kleene itself/.test(why), hint !== ''], ['INVALID_ARGUMENT', true, true], form);
		}
		assert.match(refusal(NATIVE, 'ip4.addr=10.0.0.1').hint, /--ip/);
	});
});

test('commands on the host are for daemons that allow them, those inside for all', () => {
	for (const stage of ['prestart', 'poststart', 'prestop', 'poststop']) {
		const { hooks } = mapped(`exec.${stage}=true`);
		requireHooksAllowed(hooks, true);
		assert.throws(() => requireHooksAllowed(hooks, false), {
			code: 'NOT_ALLOWED',
			what: `cannot use jail parameter 'exec.${stage}'`,
			hint: /--allow-host-hooks/,
		});
	}
	requireHooksAllowed(mapped('exec.start=true', 'exec.stop=true').hooks, false);
});
