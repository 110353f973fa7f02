import { isUtf8 } from 'node:buffer';
import { decodeCbor, encodeCbor } from '../codec/cbor.ts';
import { Malformed } from '../codec/malformed.ts';
import { ValueCodec } from '../codec/value.ts';
import { streamingMember } from '../codec/http-bindings.ts';
import type { WireResponse } from '../request.ts';
import { writeEvents } from './events.ts';
import { type Failure, membersOf } from './failure.ts';
import type { Protocol } from './protocol.ts';

export const jsonCodec = new ValueCodec('json');
const cborCodec = new ValueCodec('cbor');

/** Values of JSON are small, and 25 items with embeddings in a DynamoDB batch hold 100,000 of them. */
const VALUES_A_NODE = 10;

export function parseJson(body: Uint8Array, limits: { nodes: number }): unknown {
  // A value takes a byte at least, so most bodies need not be counted.
  const most = limits.nodes * VALUES_A_NODE;
  if (body.length > most && countValues(body, most) > most) throw new Malformed('The body holds too many values.');
  // Checked natively, then decoded: a fatal TextDecoder takes three times as long.
  if (!isUtf8(body)) throw new Malformed('The body is not UTF-8.');
  try {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new Malformed('The body is not JSON.');
  }
}

/** Counts lists, objects and what stands between commas, up to a little over `enough`. Text of any length counts once. */
function countValues(body: Uint8Array, enough: number): number {
  let count = 0;
  for (let at = 0; at < body.length && count <= enough; at++) {
    const byte = body[at];
    if (byte === 0x22) {
      for (at++; at < body.length && body[at] !== 0x22; at++) if (body[at] === 0x5c) at++;
    } else if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count++;
  }
  return count;
}

/** aws-json: the operation in `X-Amz-Target`, members in one JSON object both ways. */
export function awsJson(version: '1.0' | '1.1'): Protocol {
  const contentType = `application/x-amz-json-${version}`;
  return {
    name: version === '1.0' ? 'awsJson1_0' : 'awsJson1_1',
    readInput(operation, parts, limits) {
      if (!operation.input) return {};
      // Some clients send no body at all for an empty input.
      if (parts.body.length === 0) return {};
      return jsonCodec.read(operation.input, parseJson(parts.body, limits), limits.depth) as Record<string, unknown>;
    },
    writeOutput(operation, output, { model, requestId, report }) {
      const headers: Record<string, string> = { 'content-type': contentType, 'x-amzn-requestid': requestId };
      const stream = streamingMember(operation, 'output');
      if (stream) {
        headers['content-type'] = 'application/vnd.amazon.eventstream';
        return { status: 200, headers, body: writeEvents(stream, output, 'json', model, report, operation.output) };
      }
      const body = operation.output ? JSON.stringify(jsonCodec.write(operation.output, output)) : '{}';
      return { status: 200, headers, body };
    },
    writeError(failure, { model, requestId }) {
      const members = failure.shape
        ? (jsonCodec.write(failure.shape, membersOf(failure)) as object)
        : { message: failure.message };
      return {
        status: failure.status,
        headers: {
          'content-type': contentType,
          'x-amzn-requestid': requestId,
          ...queryError(failure, model?.queryCompatible),
          ...failure.headers,
        },
        body: JSON.stringify({ __type: failure.type, message: failure.message, ...members }),
      };
    },
  };
}

/** Clients that came from the query protocol compare its codes (`AWS.SimpleQueueService.NonExistentQueue`). */
export function queryError(failure: Failure, compatible: boolean | undefined): Record<string, string> {
  // JS SDKs of 2025 take the query code for the name of the class unless x-amzn-errortype names it.
  return compatible
    ? {
        'x-amzn-errortype': failure.code,
        'x-amzn-query-error': `${failure.queryCode};${failure.sender ? 'Sender' : 'Receiver'}`,
      }
    : {};
}

/** Smithy RPC v2 over CBOR: the operation in the path, CBOR maps both ways. */
export function rpcV2Cbor(): Protocol {
  const answer = (
    status: number,
    requestId: string,
    body: Buffer,
    more: Record<string, string> = {},
  ): WireResponse => ({
    status,
    headers: {
      'content-type': 'application/cbor',
      'smithy-protocol': 'rpc-v2-cbor',
      'x-amzn-requestid': requestId,
      ...more,
    },
    body,
  });
  return {
    name: 'rpcv2Cbor',
    readInput(operation, parts, limits) {
      if (!operation.input || parts.body.length === 0) return {};
      return cborCodec.read(operation.input, decodeCbor(parts.body, limits), limits.depth) as Record<string, unknown>;
    },
    writeOutput(operation, output, { model, requestId, report }) {
      const stream = streamingMember(operation, 'output');
      if (stream) {
        const headers = {
          'content-type': 'application/vnd.amazon.eventstream',
          'smithy-protocol': 'rpc-v2-cbor',
          'x-amzn-requestid': requestId,
        };
        return { status: 200, headers, body: writeEvents(stream, output, 'cbor', model, report, operation.output) };
      }
      return answer(200, requestId, operation.output ? encodeCbor(operation.output, output) : Buffer.from([0xa0]));
    },
    writeError(failure, { model, requestId }) {
      // The error's own members are re-read by name, so its message goes in both spellings where the model has another.
      const members = failure.shape ? membersOf(failure) : {};
      const body = {
        __type: failure.type,
        message: failure.message,
        ...(failure.shape ? (cborFriendly(failure, members) as object) : {}),
      };
      return answer(failure.status, requestId, encodeCbor({ kind: 'document' }, body), {
        ...queryError(failure, model?.queryCompatible),
        ...failure.headers,
      });
    },
  };
}

/** Error members written by their shape, then read back as plain CBOR values, to stand beside `__type`. */
function cborFriendly(failure: Failure, members: Record<string, unknown>): unknown {
  if (!failure.shape) return {};
  return decodeCbor(encodeCbor(failure.shape, members), { depth: 64, nodes: 100_000 });
}
