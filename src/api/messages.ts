import Type from 'typebox';

/** A frame or close reason of a stream that is about the stream itself; see `frames.ts`. */
export const WebSocketMessage = Type.Object(
	{
		data: Type.Optional(Type.String({ description: 'absent beside exit_code' })),
		message: Type.String(),
		msg_type: Type.Union([Type.Literal('starting'), Type.Literal('closing'), Type.Literal('error')]),
		exit_code: Type.Optional(Type.Integer({ minimum: 0, maximum: 255, description: 'ours: with the subprotocol' })),
		container_id: Type.Optional(Type.String({ description: 'ours: created by a run' })),
		exec_id: Type.Optional(Type.String({ description: 'ours: created by a run' })),
	},
	{ $id: 'WebSocketMessage', additionalProperties: false },
);
