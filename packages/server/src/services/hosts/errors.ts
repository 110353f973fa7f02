import { CloudError, type ErrorTable } from '../../kernel/errors.ts';

/** Codes of what cannot be placed, with their HTTP status. */
export const PLACEMENT_ERRORS = {
  INSUFFICIENT_CAPACITY: 409,
  ENGINE_UNAVAILABLE: 503,
} as const satisfies ErrorTable;

export const insufficientCapacity = (detail: string): CloudError =>
  new CloudError(
    'INSUFFICIENT_CAPACITY',
    PLACEMENT_ERRORS.INSUFFICIENT_CAPACITY,
    `${detail}; choose a smaller type, delete an instance, or ask the operator of the platform for more`,
  );

export const engineUnavailable = (detail: string): CloudError =>
  new CloudError(
    'ENGINE_UNAVAILABLE',
    PLACEMENT_ERRORS.ENGINE_UNAVAILABLE,
    `instances cannot be launched: ${detail}`,
    30,
  );
