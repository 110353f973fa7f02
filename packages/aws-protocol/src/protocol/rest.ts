import { Readable } from 'node:stream';
import { isBound, bindingsOf, readBound, streamingMember, writeBound } from '../codec/http-bindings.ts';
import { Malformed, type Limits } from '../codec/malformed.ts';
import { formatText, toBytes } from '../codec/scalars.ts';
import { escapeXml, XmlCodec } from '../codec/xml.ts';
import { parseXml } from '../codec/xml-parse.ts';
import type { Member, Model, Operation } from '../model/schema.ts';
import type { WireResponse } from '../request.ts';
import { writeEvents } from './events.ts';
import { membersOf } from './failure.ts';
import { jsonCodec, parseJson } from './json.ts';
import type { AnswerContext, InputParts, Protocol } from './protocol.ts';
import { errorMembers } from './query.ts';

const xml = new XmlCodec();
const utf8 = new TextDecoder('utf-8', { fatal: true });
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

type Format = 'json' | 'xml';

function readRest(format: Format, operation: Operation, parts: InputParts, limits: Limits): Record<string, unknown> {
  const { input } = operation;
  if (!input) return {};
  const { payload, body } = bindingsOf(input);
  const value: Record<string, unknown> = {};
  if (payload) {
    const item = readPayload(format, payload, parts, limits);
    if (item !== undefined) value[payload.name] = item;
  } else if (body.length > 0 && parts.body.length > 0) {
    Object.assign(value, readDocument(format, input, parts.body, limits));
    for (const member of input.members) if (isBound(member)) delete value[member.name];
  }
  readBound(input, parts, value);
  return value;
}

function readPayload(format: Format, member: Member, parts: InputParts, limits: Limits): unknown {
  const { shape } = member;
  if (shape.kind === 'blob') {
    if (parts.stream) return parts.stream;
    if (shape.streaming) return Readable.from(parts.body.length === 0 ? [] : [parts.body], { objectMode: false });
    return parts.body.length === 0 ? undefined : parts.body;
  }
  if (parts.body.length === 0) return undefined;
  if (shape.kind === 'string') return decodeText(parts.body);
  return readDocument(format, shape, parts.body, limits);
}

function readDocument(format: Format, shape: Member['shape'], body: Uint8Array, limits: Limits): unknown {
  if (format === 'json') return jsonCodec.read(shape, parseJson(body, limits), limits.depth);
  return xml.read(shape, parseXml(decodeText(body), limits));
}

function decodeText(body: Uint8Array): string {
  try {
    return utf8.decode(body);
  } catch {
    throw new Malformed('The body is not UTF-8.');
  }
}

function writeRest(
  format: Format,
  operation: Operation,
  output: Record<string, unknown>,
  { model, report }: AnswerContext,
  headers: Record<string, string>,
): WireResponse {
  const shape = operation.output;
  const modelled = operation.traits.http?.[2] ?? 200;
  if (!shape) return { status: modelled, headers, body: '' };
  const status = writeBound(shape, output, headers) ?? modelled;
  const { payload, body } = bindingsOf(shape);
  const stream = streamingMember(operation, 'output');
  if (stream && stream.shape.kind === 'struct') {
    setType(headers, 'application/vnd.amazon.eventstream');
    return { status, headers, body: writeEvents(stream, output, format, model, report) };
  }
  if (payload) return { status, headers, body: writePayload(format, payload, output[payload.name], headers, model) };
  if (format === 'json') {
    if (body.length === 0) {
      if (status !== 204) setType(headers, 'application/json');
      return { status, headers, body: status === 204 ? '' : '{}' };
    }
    setType(headers, 'application/json');
    const unbound = shape.members.some(isBound)
      ? Object.fromEntries(body.map((m) => [m.name, output[m.name]]))
      : output;
    return { status, headers, body: JSON.stringify(jsonCodec.write(shape, unbound)) };
  }
  if (body.length === 0) return { status, headers, body: '' };
  setType(headers, 'application/xml');
  const tag = shape.traits.xmlName ?? shape.name;
  const inner = xml.writeMembers(shape, output, isBound);
  return { status, headers, body: `${DECLARATION}<${tag} xmlns="${escapeXml(model.xmlNamespace)}">${inner}</${tag}>` };
}

function writePayload(
  format: Format,
  member: Member,
  value: unknown,
  headers: Record<string, string>,
  model: Model,
): WireResponse['body'] {
  const { shape } = member;
  if (value === undefined || value === null) {
    if (format === 'json' && shape.kind === 'struct') setType(headers, 'application/json');
    return format === 'json' && shape.kind === 'struct' ? '{}' : '';
  }
  if (shape.kind === 'blob') {
    setType(headers, format === 'xml' ? 'binary/octet-stream' : 'application/octet-stream');
    return value instanceof Readable
      ? value
      : isIterable(value)
        ? Readable.from(value, { objectMode: false })
        : toBytes(value);
  }
  if (shape.kind === 'string') {
    setType(headers, 'text/plain');
    return formatText(shape, value, 'dateTime');
  }
  if (format === 'json') {
    setType(headers, 'application/json');
    return JSON.stringify(jsonCodec.write(shape, value));
  }
  setType(headers, 'application/xml');
  const named = shape.kind === 'struct' ? (shape.traits.xmlName ?? shape.name) : member.name;
  const tag = `${member.traits.xmlName ?? named} xmlns="${escapeXml(model.xmlNamespace)}"`;
  return DECLARATION + xml.write(shape, value, tag);
}

function isIterable(value: unknown): value is AsyncIterable<Uint8Array> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** A Content-Type that the handler's output already set stays. */
function setType(headers: Record<string, string>, type: string): void {
  for (const name of Object.keys(headers)) if (name.toLowerCase() === 'content-type') return;
  headers['content-type'] = type;
}

export function restJson(): Protocol {
  return {
    name: 'restJson1',
    readInput: (operation, parts, limits) => readRest('json', operation, parts, limits),
    writeOutput: (operation, output, context) =>
      writeRest('json', operation, output, context, { 'x-amzn-requestid': context.requestId }),
    writeError(failure, { requestId }) {
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        'x-amzn-requestid': requestId,
        'x-amzn-errortype': failure.code,
        ...failure.headers,
      };
      let body: object = { message: failure.message };
      if (failure.shape) {
        const members = membersOf(failure);
        writeBound(failure.shape, members, headers);
        const inBody = Object.fromEntries(bindingsOf(failure.shape).body.map((m) => [m.name, members[m.name]]));
        const written = jsonCodec.write(failure.shape, inBody) as object;
        body = 'Message' in written || 'message' in written ? written : { message: failure.message, ...written };
      }
      return { status: failure.status, headers, body: JSON.stringify(body) };
    },
  };
}

/** rest-xml as S3 writes it: errors without a wrapper, its own request id headers. */
export function restXml(): Protocol {
  return {
    name: 'restXml',
    readInput: (operation, parts, limits) => readRest('xml', operation, parts, limits),
    writeOutput(operation, output, context) {
      const { model } = context;
      const headers = requestIds(context.requestId);
      if (model.id === 's3' && operation.name === 'GetBucketLocation') return bucketLocation(output, model, headers);
      return writeRest('xml', operation, output, context, headers);
    },
    writeError(failure, { model, requestId }) {
      const headers: Record<string, string> = { ...requestIds(requestId), ...failure.headers };
      if (failure.status === 304) return { status: 304, headers, body: '' };
      headers['content-type'] = 'application/xml';
      const more = failure.shape
        ? errorMembers(failure)
        : Object.entries(failure.members)
            .map(([name, value]) => `<${name}>${escapeXml(String(value))}</${name}>`)
            .join('');
      const head = `<Code>${escapeXml(failure.queryCode)}</Code><Message>${escapeXml(failure.message)}</Message>`;
      const body =
        model === undefined || model.id === 's3'
          ? `${DECLARATION}<Error>${head}${more}<RequestId>${requestId}</RequestId><HostId>${requestId}</HostId></Error>`
          : `${DECLARATION}<ErrorResponse xmlns="${escapeXml(model.xmlNamespace)}"><Error><Type>${failure.sender ? 'Sender' : 'Receiver'}</Type>${head}${more}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
      return { status: failure.status, headers, body };
    },
  };
}

function requestIds(requestId: string): Record<string, string> {
  return { 'x-amz-request-id': requestId, 'x-amz-id-2': requestId };
}

/** The one S3 answer whose text stands in the root element itself: the schema has lost that trait. */
function bucketLocation(output: Record<string, unknown>, model: Model, headers: Record<string, string>): WireResponse {
  headers['content-type'] = 'application/xml';
  const region = output['LocationConstraint'];
  const open = `${DECLARATION}<LocationConstraint xmlns="${escapeXml(model.xmlNamespace)}"`;
  return {
    status: 200,
    headers,
    body:
      region === undefined || region === null
        ? `${open}/>`
        : `${open}>${escapeXml(String(region as string))}</LocationConstraint>`,
  };
}

/** Exported for the router: operations whose body is a stream must not be read into memory. */
export function inputStreams(operation: Operation): boolean {
  const member = streamingMember(operation, 'input');
  return member !== undefined && member.shape.kind === 'blob';
}
