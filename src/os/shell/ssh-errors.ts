import type { ErrorCode } from '#errors/codes.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import { loginCommand, nameOf, type SshTarget } from '#inet/ssh-target.ts';

interface Known {
	/** Error output of ssh(1). */
	readonly said: RegExp;
	readonly code: ErrorCode;
	readonly hint: (target: SshTarget) => string;
}

const ROOT = 'on FreeBSD, root may log in by key with "PermitRootLogin prohibit-password" in /etc/ssh/sshd_config';

/** The first that fits. CONFIG_INVALID: it will be the same until somebody changes something. */
const KNOWN: readonly Known[] = [
	{
		said: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
		code: 'CONFIG_INVALID',
		hint: ({ host, port }) =>
			`make sure that this is the right host, then remove its old key with "ssh-keygen -R ${port === undefined ? host : `'[${host}]:${port}'`}", or from the file of --ssh-known-hosts, and log in once by hand`,
	},
	{
		said: /Host key verification failed|No \S+ host key is known/,
		code: 'CONFIG_INVALID',
		hint: (target) =>
			`log in once by hand with "${loginCommand(target)}" as the user that runs kleened, and accept its key; or give its keys with --ssh-known-hosts FILE: "ssh-keyscan ${target.port === undefined ? '' : `-p ${target.port} `}${target.host} >FILE", compared with /etc/ssh/ssh_host_*_key.pub of the host`,
	},
	{
		said: /UNPROTECTED PRIVATE KEY|Load key .*: |Identity file .* not accessible|invalid format/,
		code: 'CONFIG_INVALID',
		hint: () =>
			'give a private key with --ssh-key that only its owner may read, without a passphrase or held by ssh-agent',
	},
	{
		said: /Permission denied|Too many authentication failures|no more authentication methods/i,
		code: 'CONFIG_INVALID',
		hint: (target) =>
			`make "${loginCommand(target)}" work without a password for the user that runs kleened, or give --ssh-key; ${ROOT}`,
	},
	{
		said: /Could not resolve hostname/,
		code: 'HOST_UNREACHABLE',
		hint: () => 'check the host name, or use its address',
	},
	{
		said: /Connection refused/,
		code: 'HOST_UNREACHABLE',
		hint: () => 'see that sshd runs there ("service sshd onestart" on FreeBSD) and that the port is right',
	},
	{
		said: /Bad configuration option|Can't open user config file|no such user|Bad owner or permissions/i,
		code: 'CONFIG_INVALID',
		hint: () => 'correct the named ssh configuration',
	},
];

/** Why there is no connection, by what ssh(1) wrote to its error output. */
export function explainSsh(target: SshTarget, said: string): KleeneError {
	const lines = said.split(/\r?\n/).map((line) => line.trim());
	const known = KNOWN.find((one) => one.said.test(said));
	const line = known && lines.find((one) => known.said.test(one));
	// The last line is the reason, what comes before it are warnings.
	const why = line ?? lines.findLast((one) => one !== '') ?? 'ssh ended and said nothing';
	return new KleeneError({
		code: known?.code ?? 'HOST_UNREACHABLE',
		what: `cannot reach ${nameOf(target)} over ssh`,
		why: why.replaceAll('@', '').trim() === '' ? said.trim() : why,
		hint: known?.hint(target) ?? `see whether "${loginCommand(target)}" works for the user that runs kleened`,
	});
}

export function sshMissing(target: SshTarget, cause: unknown): KleeneError {
	return new KleeneError({
		code: 'CONFIG_INVALID',
		what: `cannot reach ${nameOf(target)} over ssh`,
		why: 'there is no ssh program on this machine',
		hint: 'install the OpenSSH client, e.g. apt-get install openssh-client',
		cause,
	});
}
