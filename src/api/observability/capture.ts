/** Captures of packets. */
import Type from 'typebox';

/** A file of packets: draft-ietf-opsawg-pcapng. */
export const PCAPNG = 'application/x-pcapng';

/** Limits of a capture, each of which ends it. */
export const CAPTURE_DEFAULTS = { count: 1_000_000, bytes: 100 * 2 ** 20, seconds: 3600 } as const;

export const CaptureQuery = Type.Object({
	of: Type.String({
		description:
			'container, network or published port (`tcp/8080`, `8080`): all interfaces of the container, the interface of the network, or the port on ' +
			'the host together with that of the container',
	}),
	filter: Type.Optional(Type.String({ description: 'as for tcpdump: `tcp port 80`; absent: all packets' })),
	format: Type.Optional(
		Type.Union([Type.Literal('pcapng'), Type.Literal('lines')], {
			description: '`pcapng` (default): a file; `lines`: readable, as lines of JSON',
		}),
	),
	count: Type.Optional(
		Type.Integer({
			minimum: 1,
			maximum: 2 ** 31 - 1,
			description: `packets, at most (default: ${CAPTURE_DEFAULTS.count})`,
		}),
	),
	bytes: Type.Optional(
		Type.Integer({ minimum: 1, maximum: 2 ** 40, description: `bytes, at most (default: ${CAPTURE_DEFAULTS.bytes})` }),
	),
	seconds: Type.Optional(
		Type.Number({ minimum: 0.1, maximum: 86_400, description: `time, at most (default: ${CAPTURE_DEFAULTS.seconds})` }),
	),
	id: Type.Optional(
		Type.String({
			pattern: '^[0-9a-f-]{8,64}$',
			description: 'chosen by the client, to end it with `/capture/ID/stop`',
		}),
	),
});
export type CaptureQuery = Type.Static<typeof CaptureQuery>;

/** A line of `format=lines`. Texts have no control characters. */
export const CaptureLine = Type.Union([
	Type.Object({ type: Type.Literal('packet'), text: Type.String({ description: 'with the names of containers' }) }),
	Type.Object({
		type: Type.Literal('end'),
		packets: Type.Integer(),
		dropped: Type.Integer({ description: 'packets that came faster than they were read' }),
		reason: Type.String(),
	}),
]);
export type CaptureLine = Type.Static<typeof CaptureLine>;
