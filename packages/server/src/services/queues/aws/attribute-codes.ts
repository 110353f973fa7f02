import { CloudError, notFound } from '../../../kernel/errors.ts';
import { withCode } from './errors.ts';

/** What is not an attribute of a queue, but its name or its tags. */
const NOT_AN_ATTRIBUTE = /^(?:name|labels)\b/;

/** The answer of a call that sets attributes of a queue that there is, or creates one. Its refusals get SQS's codes for attributes. */
export async function inAttributeCodes<Answer>(call: Promise<Answer>, queue?: string): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    if (!(error instanceof CloudError) || NOT_AN_ATTRIBUTE.test(error.message) || isMissing(error, queue)) throw error;
    // A queue that is missing is one that an attribute names.
    throw withCode(error, { INVALID_INPUT: 'InvalidAttributeValue', NOT_FOUND: 'InvalidAttributeValue' });
  }
}

/** Whether an error says that this queue is missing, and not something of it. */
const isMissing = (error: unknown, queue: string | undefined): boolean =>
  queue !== undefined && error instanceof CloudError && error.message === notFound('queue', queue).message;
