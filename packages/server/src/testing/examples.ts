import { authExamples, keyExamples } from '../services/identity/examples.ts';
import { instanceExamples, instanceTypeExamples } from '../services/instances/examples.ts';
import { vpcExamples } from '../services/vpcs/examples.ts';
import type { Example } from './example.ts';

/** All services' examples by the name of the service. */
export const EXAMPLES: Readonly<Record<string, Readonly<Record<string, Example>>>> = {
  auth: authExamples,
  keys: keyExamples,
  vpcs: vpcExamples,
  instances: instanceExamples,
  'instance-types': instanceTypeExamples,
};
