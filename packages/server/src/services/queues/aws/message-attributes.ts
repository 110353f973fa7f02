import type * as Sqs from '@aws-sdk/client-sqs';
import type { Parsed } from '@thecloud/aws-protocol';
import { invalidInput } from '../../../kernel/errors.ts';
import type { Attributes } from '../message.ts';
import { isBinary } from './digests.ts';
import { SqsError } from './errors.ts';

type Given = Parsed<Sqs.MessageAttributeValue | Sqs.MessageSystemAttributeValue>;

/** A message's attributes as our operations take them; undefined: it has none. */
export function attributesIn(given: Readonly<Record<string, Given>> | undefined): Attributes | undefined {
  if (given === undefined) return undefined;
  const attributes: Attributes = {};
  let isEmpty = true;
  for (const name in given) {
    attributes[name] = attributeIn(name, given[name]!);
    isEmpty = false;
  }
  return isEmpty ? undefined : attributes;
}

function attributeIn(name: string, given: Given): Attributes[string] {
  if (given.StringListValues?.length || given.BinaryListValues?.length)
    throw new SqsError(
      'UnsupportedOperation',
      `Message attribute lists in header are not supported: '${name}' has one.`,
    );
  const type = given.DataType;
  if (isBinary(type)) {
    if (given.BinaryValue === undefined) throw lacks(name, 'BinaryValue', type);
    const { buffer, byteOffset, byteLength } = given.BinaryValue;
    return { type, value: Buffer.from(buffer, byteOffset, byteLength).toString('base64') };
  }
  if (given.StringValue === undefined) throw lacks(name, 'StringValue', type);
  return { type, value: given.StringValue };
}

const lacks = (name: string, member: string, type: string) =>
  invalidInput(`The message attribute '${name}' of type '${type.slice(0, 100)}' must have a ${member}.`);

/** What is asked for of the attributes: by name, by `prefix.*`, or all. */
export function chosen(attributes: Attributes, names: readonly string[]): Attributes {
  if (names.includes('All') || names.includes('.*')) return attributes;
  const prefixes = names.filter((name) => name.endsWith('.*')).map((name) => name.slice(0, -1));
  return Object.fromEntries(
    Object.entries(attributes).filter(
      ([name]) => names.includes(name) || prefixes.some((prefix) => name.startsWith(prefix)),
    ),
  );
}

/** Attributes as SQS shows them. */
export function attributesOut(attributes: Attributes): Record<string, { DataType: string } & ValueOut> {
  const shown: Record<string, { DataType: string } & ValueOut> = {};
  for (const name in attributes) {
    const { type, value } = attributes[name]!;
    shown[name] = isBinary(type)
      ? { DataType: type, BinaryValue: Buffer.from(value, 'base64') }
      : { DataType: type, StringValue: value };
  }
  return shown;
}
type ValueOut = { readonly BinaryValue: Uint8Array } | { readonly StringValue: string };

/** The one system attribute that a message can be sent with, which X-Ray reads. */
export const TRACE_HEADER = 'AWSTraceHeader';

/** Those of a message that is sent; undefined: it has none. */
export function systemAttributesIn(given: Readonly<Record<string, Given>> | undefined): Attributes | undefined {
  const attributes = attributesIn(given);
  for (const name in attributes) {
    if (name !== TRACE_HEADER)
      throw invalidInput(
        `Message system attribute name '${name.slice(0, 100)}' is invalid. Only ${TRACE_HEADER} can be sent.`,
      );
    if (attributes[name]!.type !== 'String')
      throw invalidInput(`The message system attribute '${TRACE_HEADER}' must be of the type 'String'.`);
  }
  return attributes;
}
