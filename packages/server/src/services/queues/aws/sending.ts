import type * as Sqs from '@aws-sdk/client-sqs';
import type { Parsed } from '@thecloud/aws-protocol';
import type { Attributes } from '../message.ts';
import { digestOf } from './digests.ts';
import { attributesIn, systemAttributesIn, TRACE_HEADER } from './message-attributes.ts';

type Given = Omit<Parsed<Sqs.SendMessageRequest>, 'QueueUrl'>;

/** A message on its way: what our operations take, and what SQS's answer says beside theirs. */
export interface Sending {
  readonly message: Readonly<Record<string, unknown>>;
  readonly digests: Digests;
}
interface Digests {
  readonly MD5OfMessageAttributes?: string | undefined;
  readonly MD5OfMessageSystemAttributes?: string | undefined;
}
const NONE: Digests = {};

/** Reads a message of SendMessage or an entry of its batch. */
export function readSending(given: Given): Sending {
  const attributes = attributesIn(given.MessageAttributes);
  const system = systemAttributesIn(given.MessageSystemAttributes);
  return {
    message: {
      body: given.MessageBody,
      delay_seconds: given.DelaySeconds,
      attributes,
      group_id: given.MessageGroupId,
      deduplication_id: given.MessageDeduplicationId,
      trace_header: system?.[TRACE_HEADER]?.value,
    },
    digests: attributes || system ? digestsOf(attributes, system) : NONE,
  };
}

const digestsOf = (attributes: Attributes | undefined, system: Attributes | undefined): Digests => ({
  MD5OfMessageAttributes: attributes && digestOf(attributes),
  MD5OfMessageSystemAttributes: system && digestOf(system),
});
