import type { PublishedPort } from '#api/containers.ts';
import { KleeneError } from '#errors/kleene-error.ts';
import type { Action } from '../../invocation.ts';
import { renderJson } from '../../render/json.ts';
import { line, lines } from '../../render/output.ts';

/** `80/tcp -> eth0:8080`, one line for each interface; with a port of the container only where that is published. */
export const port: Action<{ json?: boolean }> = async ({ args: [name = '', asked], options, client }) => {
	const { container } = await client.containers.inspect(name);
	const [number, protocol = 'tcp'] = asked?.split('/') ?? [];
	const chosen = container.public_ports.filter(
		(one) => asked === undefined || (one.container_port === number && one.protocol === protocol),
	);
	if (asked !== undefined && chosen.length === 0)
		throw new KleeneError({
			code: 'INVALID_ARGUMENT',
			what: `cannot show port ${number}/${protocol} of container ${name}`,
			why: 'the container does not publish it',
			hint: `see all with "klee port ${name}"`,
		});
	if (options.json) line(renderJson(chosen));
	else
		lines(
			chosen.flatMap((one) =>
				placesOf(one).map((place) => (asked === undefined ? `${inside(one)} -> ${place}` : place)),
			),
		);
};

const inside = ({ container_port, protocol }: PublishedPort) => `${container_port}/${protocol}`;

function placesOf({ interfaces, host_port }: PublishedPort): string[] {
	return (interfaces.length > 0 ? interfaces : ['*']).map((one) => `${one}:${host_port}`);
}
