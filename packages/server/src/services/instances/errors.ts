import { CloudError, type ErrorTable } from '../../kernel/errors.ts';

/** Codes of instances beyond the kernel's, with their HTTP status. */
export const INSTANCE_ERRORS = {
  INSTANCE_NOT_RUNNING: 409,
  INSUFFICIENT_CAPACITY: 409,
  ENGINE_UNAVAILABLE: 503,
} as const satisfies ErrorTable;

export const instanceNotRunning = (name: string, status: string): CloudError =>
  new CloudError(
    'INSTANCE_NOT_RUNNING',
    INSTANCE_ERRORS.INSTANCE_NOT_RUNNING,
    `the instance '${name}' is ${status}; start it and wait until it is RUNNING`,
  );

export const insufficientCapacity = (detail: string): CloudError =>
  new CloudError(
    'INSUFFICIENT_CAPACITY',
    INSTANCE_ERRORS.INSUFFICIENT_CAPACITY,
    `${detail}. Take a smaller type, or delete an instance`,
  );

export const engineUnavailable = (detail: string): CloudError =>
  new CloudError(
    'ENGINE_UNAVAILABLE',
    INSTANCE_ERRORS.ENGINE_UNAVAILABLE,
    `instances cannot be launched here: ${detail}`,
    30,
  );
