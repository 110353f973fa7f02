import { Readable } from 'node:stream';
import { encodeCbor } from '../codec/cbor.ts';
import { encodeEvent } from '../codec/event-stream.ts';
import { formatText, toBytes } from '../codec/scalars.ts';
import { ValueCodec } from '../codec/value.ts';
import { XmlCodec } from '../codec/xml.ts';
import { AwsError } from '../errors.ts';
import type { Member, Model, StructShape } from '../model/schema.ts';

export type EventFormat = 'json' | 'cbor' | 'xml';
const CONTENT_TYPE: Record<EventFormat, string> = {
  json: 'application/json',
  cbor: 'application/cbor',
  xml: 'text/xml',
};
const json = new ValueCodec('json');
const xml = new XmlCodec();

/**
 * Writes an output's event stream: each yielded union value becomes one message. In the RPC protocols the other members
 * of the output go first, as the `initial-response` message. An error that the handler's iterator throws becomes an
 * exception message if the union models it, else an error message, and ends the stream; `report` is told of one that was
 * not meant for the caller.
 */
export function writeEvents(
  member: Member,
  output: Record<string, unknown>,
  format: EventFormat,
  model: Model,
  report: (error: unknown) => void,
  initial?: StructShape,
): Readable {
  const union = member.shape as StructShape;
  const events = output[member.name] as AsyncIterable<Record<string, unknown>> | undefined;
  async function* frames(): AsyncGenerator<Buffer> {
    if (initial) {
      const rest = { ...output };
      delete rest[member.name];
      yield frame('event', 'initial-response', CONTENT_TYPE[format], serialize(initial, rest, format));
    }
    if (!events) return;
    try {
      for await (const event of events) yield encodeUnion(union, event, format);
    } catch (error) {
      if (!(error instanceof AwsError)) report(error);
      yield encodeFailure(union, error, format, model);
    }
  }
  return Readable.from(frames(), { objectMode: false, highWaterMark: 1 << 16 });
}

function encodeUnion(union: StructShape, event: Record<string, unknown>, format: EventFormat): Buffer {
  const member = union.members.find((m) => event[m.name] !== undefined && event[m.name] !== null);
  if (!member) throw new TypeError(`an event of ${union.name} must have one member set`);
  const struct = member.shape as StructShape;
  const value = event[member.name] as Record<string, unknown>;
  const headers: Record<string, string> = {};
  for (const part of struct.members) {
    if (part.traits.eventHeader && value[part.name] !== undefined)
      headers[part.name] = formatText(part.shape, value[part.name], 'dateTime');
  }
  const payload = struct.members.find((m) => m.traits.eventPayload);
  if (!payload) return frame('event', member.name, CONTENT_TYPE[format], serialize(struct, value, format), headers);
  const item = value[payload.name];
  if (payload.shape.kind === 'struct') {
    const body =
      item === undefined ? Buffer.alloc(0) : serialize(payload.shape, item as Record<string, unknown>, format);
    return frame('event', member.name, CONTENT_TYPE[format], body, headers);
  }
  const type = payload.shape.kind === 'string' ? 'text/plain' : 'application/octet-stream';
  return frame('event', member.name, type, item === undefined ? Buffer.alloc(0) : toBytes(item), headers);
}

function encodeFailure(union: StructShape, error: unknown, format: EventFormat, model: Model): Buffer {
  if (error instanceof AwsError) {
    const member = union.members.find((m) => m.shape.kind === 'struct' && m.shape.name === error.code);
    const shape = model.error(error.code);
    if (member && shape) {
      const name = shape.members.find((m) => m.name.toLowerCase() === 'message')?.name ?? 'message';
      const body = serialize(shape, { [name]: error.message, ...error.members }, format);
      return encodeEvent(
        { ':message-type': 'exception', ':exception-type': member.name, ':content-type': CONTENT_TYPE[format] },
        body,
      );
    }
    return encodeEvent(
      { ':message-type': 'error', ':error-code': error.code, ':error-message': error.message },
      Buffer.alloc(0),
    );
  }
  return encodeEvent(
    { ':message-type': 'error', ':error-code': 'InternalFailure', ':error-message': 'The stream failed.' },
    Buffer.alloc(0),
  );
}

function frame(
  kind: 'event',
  type: string,
  contentType: string,
  body: Uint8Array,
  more: Record<string, string> = {},
): Buffer {
  return encodeEvent({ ':message-type': kind, ':event-type': type, ':content-type': contentType, ...more }, body);
}

function serialize(shape: StructShape, value: Record<string, unknown>, format: EventFormat): Buffer {
  if (format === 'cbor') return encodeCbor(shape, value);
  if (format === 'json') return Buffer.from(JSON.stringify(json.write(shape, value)));
  return shape.members.length === 0
    ? Buffer.alloc(0)
    : Buffer.from(xml.write(shape, value, shape.traits.xmlName ?? shape.name));
}
