import type { Privilege, SandboxHooks } from '#model/sandbox.ts';

/** Effect of a container's jail parameters on its processes. */
export interface JailSettings {
	/** `undefined`: as its network driver has it. */
	readonly rawSockets: boolean | undefined;
	/** `undefined`: the container's id. */
	readonly hostname: string | undefined;
	/** `undefined`: none, or among `parameters`. */
	readonly domainname: string | undefined;
	/** Beats the user of the container and of the execution instance. */
	readonly user: string | undefined;
	readonly hooks: SandboxHooks;
	readonly denied: readonly Privilege[];
	readonly inheritsEnv: boolean;
	readonly hostUsers: boolean;
	/** Its /dev has devices; with jails this is among `parameters`. */
	readonly devices: boolean;
	/** Parameters passed to jail(8), `name` or `name=value`. */
	readonly parameters: readonly string[];
}
