import operations from '../../../../api/operations.json' with { type: 'json' };
import type { DescribedOperation } from '../../../sdk/src/generator/described.ts';
import { describeVerbs } from './describe-verbs.ts';
import type { Verb } from './verb.ts';

/** All verbs that the platform's operations give. The build puts their finished JSON in this module's place. */
export const VERBS: readonly Verb[] = describeVerbs(operations as unknown as readonly DescribedOperation[]);
