/** What happens, as lines of JSON. */
import Type from 'typebox';

/** Media type of lines of JSON. */
export const JSON_LINES = 'application/x-ndjson';

export const EventQuery = Type.Object({
	type: Type.Optional(Type.String({ description: 'types, or their first words (`container`), separated by commas' })),
	container: Type.Optional(Type.String({ description: 'name or id' })),
	network: Type.Optional(Type.String({ description: 'name or id' })),
	since: Type.Optional(Type.String({ description: 'ISO 8601: begin with what happened from this time on' })),
	until: Type.Optional(Type.String({ description: 'ISO 8601: end with what happened before this time' })),
});
export type EventQuery = Type.Static<typeof EventQuery>;

export const Event = Type.Object(
	{
		type: Type.String({
			description: 'e.g. `container-started`; `events-missed`: more happened than is remembered, or than was taken',
		}),
		at: Type.Optional(Type.String({ description: 'ISO 8601, UTC; absent for `events-missed`' })),
	},
	{ $id: 'Event', additionalProperties: true, description: 'further keys by type, e.g. `container`, `name`' },
);
export type Event = Type.Static<typeof Event>;
