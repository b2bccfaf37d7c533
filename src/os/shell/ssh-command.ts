import { join } from 'node:path';
import { KleeneError } from '#errors/kleene-error.ts';
import type { SshTarget } from '#inet/ssh-target.ts';
import { quote } from './quote.ts';

export interface SshAccess {
	readonly target: SshTarget;
	/** A private directory of this machine, there already, for the socket of the connection. */
	readonly directory: string;
	/** Private key, a file; undefined: as the user's ssh configuration and agent say. */
	readonly key?: string;
	/** Host keys that are accepted, a file whose name has no `"`; undefined: as the user's ssh configuration says. */
	readonly knownHosts?: string;
	/** Instead of the user's ssh configuration, a file. */
	readonly configFile?: string;
}

/** A socket's path ends at 107 bytes, and ssh first makes it under a name that is 17 longer. */
const LONGEST = 107 - 17;

/** Seconds: for a connection, and three times for a host that went silent. */
const CONNECT = 10;
const ALIVE = 5;

/** The socket of the connection. Throws KleeneError CONFIG_INVALID when the directory's path is too long for one. */
export function controlPath({ directory }: SshAccess): string {
	const path = join(directory, 'ssh');
	if (Buffer.byteLength(path) <= LONGEST) return path;
	throw new KleeneError({
		code: 'CONFIG_INVALID',
		what: `cannot put the socket of the ssh connection into ${directory}`,
		why: `its path has ${Buffer.byteLength(path)} bytes, and the system allows ${LONGEST}`,
		hint: 'give a shorter --root',
	});
}

/** The connection that all others share, over which `command` is run. */
export function masterCommand(access: SshAccess, command: readonly string[]): string[] {
	return ssh(access, ['-M', '-o', 'ControlPersist=no'], command);
}

/** A command over that connection. ssh makes one of its own where the host allows no more sessions on it. */
export function clientCommand(access: SshAccess, command: readonly string[]): string[] {
	return ssh(access, ['-o', 'ControlMaster=no'], command);
}

/** Asks the program that holds the connection to end it. */
export function exitCommand(access: SshAccess): string[] {
	return ['ssh', ...common(access), '-O', 'exit', '--', access.target.host];
}

function ssh(access: SshAccess, options: readonly string[], command: readonly string[]): string[] {
	// The login shell of the far side may be any: words in single quotes without `!` and newline mean the same to all.
	return ['ssh', ...common(access), ...options, '--', access.target.host, `exec ${command.map(quote).join(' ')}`];
}

function common(access: SshAccess): string[] {
	const { target, key, knownHosts, configFile } = access;
	const settings = [
		'BatchMode=yes',
		`ConnectTimeout=${CONNECT}`,
		`ServerAliveInterval=${ALIVE}`,
		'ServerAliveCountMax=3',
		'ClearAllForwardings=yes',
		'PermitLocalCommand=no',
		'RemoteCommand=none',
		'LogLevel=ERROR',
		...(key === undefined ? [] : ['IdentitiesOnly=yes']),
		...(knownHosts === undefined ? [] : [`UserKnownHostsFile="${knownHosts.replaceAll('%', '%%')}"`]),
	];
	return [
		...(configFile === undefined ? [] : ['-F', configFile]),
		// No terminal, no agent, no X11: no byte means anything to ssh.
		...['-T', '-a', '-x', '-e', 'none', '-S', controlPath(access)],
		...settings.flatMap((setting) => ['-o', setting]),
		...(key === undefined ? [] : ['-i', key]),
		...(target.user === '' ? [] : ['-l', target.user]),
		...(target.port === undefined ? [] : ['-p', `${target.port}`]),
	];
}
