import { CloudError, type ErrorTable } from '../../kernel/errors.ts';

/** Codes of instances beyond the kernel's, with their HTTP status. */
export const INSTANCE_ERRORS = {
  INSTANCE_NOT_RUNNING: 409,
} as const satisfies ErrorTable;

export const instanceNotRunning = (name: string, status: string): CloudError =>
  new CloudError(
    'INSTANCE_NOT_RUNNING',
    INSTANCE_ERRORS.INSTANCE_NOT_RUNNING,
    `the instance '${name}' is ${status}; start it and wait until it is RUNNING`,
  );
