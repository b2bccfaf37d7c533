/**
 * The catalogue of refusals: every code a user can meet, and what it means.
 * `docs/errors.md` lists the same codes; a test compares the two.
 */
export const ERROR_CODES = {
	INVALID_ARGUMENT: 'a value could not be parsed or is not allowed',
	INVALID_SUBNET: 'a subnet is malformed, has host bits set, or is of the wrong family',
	INVALID_GATEWAY: 'a gateway is malformed, outside its subnet, or of the wrong family',
	INVALID_ADDRESS: 'an address is malformed, outside its subnet, or not assignable',
	ADDRESS_TAKEN: 'the address belongs to another endpoint or to the gateway',
	ADDRESSES_EXHAUSTED: 'the subnet has no free address left',
	SUBNET_OVERLAP: 'the subnet overlaps another network, or an address or route of the host',
	NAME_TAKEN: 'another object has this name',
	AMBIGUOUS: 'the identifier matches more than one object',
	NO_SUCH_CONTAINER: 'no container has this name or id',
	NO_SUCH_NETWORK: 'no network has this name or id',
	NO_SUCH_IMAGE: 'no image has this name or id',
	NO_SUCH_ENDPOINT: 'the container is not connected to the network',
	NO_SUCH_EXECUTION: 'no execution instance has this id',
	NO_SUCH_VOLUME: 'no volume has this name',
	NO_SUCH_INTERFACE: 'the host has no interface of this name',
	PORT_TAKEN: 'another container publishes this port of the host, or the host itself uses it',
	INTERFACE_TAKEN: 'the host already has an interface of this name',
	ALREADY_CONNECTED: 'the container already has an endpoint on the network',
	ALREADY_STARTED: 'the execution instance was started before',
	DRIVER_REFUSED: 'the network driver of the container does not allow this',
	CONTAINER_RUNNING: 'the container must be stopped for this',
	CONTAINER_NOT_RUNNING: 'the container must be running for this',
	IN_USE: 'other objects depend on this one',
	COMMAND_FAILED: 'the command could not be started in the container',
	IMAGE_FAILED: 'the image could not be created',
	HOSTILE_ARCHIVE: 'the archive holds an entry that would leave the image',
	UNSUPPORTED_HERE: 'this host cannot do this',
	HOST_FAILED: 'the host refused a change; what had been done of it was undone',
	HOST_UNREACHABLE: 'the connection to the host was lost; what became of the change is looked at when it is back',
	HOOK_FAILED: 'a command that goes along with starting a container failed; the start was undone',
	NOT_ALLOWED: 'the configuration of the daemon does not allow this',
	NOT_ROOT: 'the daemon needs root',
	DAEMON_UNREACHABLE: 'the client could not reach the daemon',
	CONFIG_INVALID: 'the configuration of the daemon or client is not usable',
	INTERNAL: 'a defect in Kleene',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;
