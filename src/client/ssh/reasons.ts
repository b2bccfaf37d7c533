/** Reasons why a daemon is not reached over ssh, from the error output of ssh(1). */
import { KleeneError, messageOf } from '#errors/kleene-error.ts';
import { loginCommand, nameOf } from '#inet/ssh-target.ts';
import type { SshAddress } from '../address.ts';

interface Known {
	readonly said: RegExp;
	readonly why: string;
	readonly hint: string;
}

/** Exit code of sh(1) for a command that is not there. */
const NOT_FOUND = 127;

/** @param exitCode of ssh, if it has ended. @returns DAEMON_UNREACHABLE */
export function explainTunnel(address: SshAddress, said: string, cause?: unknown, exitCode?: number): KleeneError {
	const lines = said.split(/\r?\n/).map((line) => line.trim());
	const known = exitCode === NOT_FOUND ? MISSING : knownReasons(address).find((one) => one.said.test(said));
	const { target } = address;
	// The last line is the reason, those before it are warnings and banners.
	const last = lines.findLast((line) => line !== '' && !/^@+$/.test(line));
	const why = known?.why ?? last ?? (cause === undefined ? 'ssh ended and said nothing' : messageOf(cause));
	return new KleeneError({
		code: 'DAEMON_UNREACHABLE',
		what: 'unable to connect to kleened',
		why: `ssh to ${nameOf(target)}: ${why}`,
		hint: known?.hint ?? `see whether "${loginCommand(target)}" works, and whether kleened runs there`,
		cause,
	});
}

const MISSING: Known = {
	said: /^/,
	why: 'there is no ssh program on this machine',
	hint: 'install the OpenSSH client, e.g. apt-get install openssh-client',
};

/** The first that fits. */
function knownReasons({ target, path }: SshAddress): readonly Known[] {
	const login = `"${loginCommand(target)}"`;
	const { host, port } = target;
	const knownName = port === undefined ? host : `'[${host}]:${port}'`;
	return [
		{
			said: /open failed: administratively prohibited/,
			why: 'its sshd does not allow connections to sockets',
			hint: 'set "AllowStreamLocalForwarding yes" in /etc/ssh/sshd_config there',
		},
		{
			said: /open failed: /,
			why: `there is no connection to ${path} there: no kleened listens, or the user may not use the socket`,
			hint: `start kleened there, log in as root or as a member of the group kleene, or name another socket: ssh://${nameOf(target)}/path/to.sock`,
		},
		{
			said: /REMOTE HOST IDENTIFICATION HAS CHANGED/,
			why: 'its host key has changed',
			hint: `make sure that this is the right host, then remove the old key: ssh-keygen -R ${knownName}`,
		},
		{
			said: /Host key verification failed|No \S+ host key is known/,
			why: 'its host key is not known',
			hint: `log in once by hand with ${login}, and accept the key`,
		},
		{
			said: /Permission denied|Too many authentication failures|no more authentication methods/i,
			why: 'it does not accept the login',
			hint: `make ${login} work: name another user, ssh://USER@${host}, or give it your public key with ssh-copy-id`,
		},
		{
			said: /Could not resolve hostname/,
			why: `the name ${host} has no address`,
			hint: 'correct the host, or add it to ~/.ssh/config',
		},
		{ said: /Connection refused/, why: 'no sshd listens there', hint: 'start sshd there, or correct the port' },
		{
			said: /timed out|No route to host|Network is unreachable/i,
			why: 'it does not answer',
			hint: 'check the address and the firewall between here and there',
		},
	];
}
