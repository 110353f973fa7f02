import type { Item } from '../../api/queries.ts';

/** What a new tenant has so far. */
export interface Progress {
  readonly vpcs: readonly Item[];
  readonly instances: readonly Item[];
  readonly openedTerminal: boolean;
}

export type StepName = 'vpc' | 'instance' | 'running' | 'terminal';

export const STEPS: readonly StepName[] = ['vpc', 'instance', 'running', 'terminal'];

/** The steps that are done. A later step does not prove an earlier one: a VPC can be deleted after its use. */
export function doneSteps({ vpcs, instances, openedTerminal }: Progress): ReadonlySet<StepName> {
  const done = new Set<StepName>();
  if (vpcs.length > 0) done.add('vpc');
  if (instances.length > 0) done.add('instance');
  if (instances.some(({ status }) => status === 'RUNNING')) done.add('running');
  if (openedTerminal) done.add('terminal');
  return done;
}

/** Whether a tenant is new enough to be shown the way: who has two instances knows it. */
export const isNew = (instances: readonly Item[]): boolean => instances.length < 2;
