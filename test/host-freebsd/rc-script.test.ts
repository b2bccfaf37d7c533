/** The rc.d script on a real sh, with functions in the place of rc.subr(8) that tell what they were given. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { outputOf } from '#test/testbed/command.ts';

const SCRIPT = join(import.meta.dirname, '../../packaging/freebsd/kleened');

/** What rc.subr(8) does with the variables of a script, as far as it matters here. */
const SUBROUTINES = `
load_rc_config() { . "$RC_CONF"; }
run_rc_command() {
	eval "[ \\"\\$$rcvar\\" = YES ]" || { echo "$rcvar is not set to YES"; return 1; }
	case $1 in
	start) echo "$command \${rc_flags:-$(eval echo \\$\${name}_flags)} $command_args" ;;
	reload) case " $extra_commands " in *" reload "*) $reload_cmd ;; esac ;;
	*) return 1 ;;
	esac
}
`;

async function rc(verb: string, configuration: string, edit = (text: string) => text): Promise<string> {
	const folder = mkdtempSync(join(tmpdir(), 'rc-'));
	try {
		const [subr, conf, script] = ['rc.subr', 'rc.conf', 'kleened'].map((name) => join(folder, name));
		writeFileSync(subr!, SUBROUTINES);
		writeFileSync(conf!, configuration);
		writeFileSync(script!, edit(readFileSync(SCRIPT, 'utf8').replace('/etc/rc.subr', subr!)));
		await outputOf(['sh', '-n', script!]);
		return (await outputOf(['env', `RC_CONF=${conf}`, 'sh', script!, verb])).trim().replace(/ +/g, ' ');
	} finally {
		rmSync(folder, { recursive: true });
	}
}

test('the daemon is started under daemon(8), with its own options', async () => {
	assert.equal(
		await rc('start', 'kleened_enable=YES\nkleened_flags="--log-level debug"\n'),
		'/usr/sbin/daemon -P /var/run/kleened.pid -p /var/run/kleened.child.pid -R 1 -o /var/log/kleened.log -t kleened ' +
			'/usr/local/bin/kleened --root /var/lib/kleene --host http:///var/run/kleened.sock --log-level debug',
	);
	assert.match(await rc('start', 'kleened_enable=YES\nkleened_root=/zroot/k\n'), / --root \/zroot\/k /);
});

test('it is off until it is enabled, and a reload reaches the daemon itself', async () => {
	await assert.rejects(rc('start', ''), /kleened_enable is not set to YES/);
	const child = join(tmpdir(), `rc-child-${process.pid}`);
	writeFileSync(child, '4711\n');
	try {
		const edit = (text: string) =>
			text.replace(/child_pidfile=.*/, `child_pidfile="${child}"`).replace('kill -HUP', 'echo kill -HUP');
		assert.equal(await rc('reload', 'kleened_enable=YES\n', edit), 'kill -HUP 4711');
	} finally {
		rmSync(child);
	}
});
