import { EngineError } from '../kernel/engine-error.ts';
import { CloudError, internal, invalidInput, timedOut } from '../kernel/errors.ts';

/** What a live call failed with, as the caller is told. */
export function toCloudError(error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  if (error instanceof EngineError) {
    if (error.kind === 'timeout') return timedOut(error.message);
    if (error.kind === 'unavailable') return new CloudError('ENGINE_UNAVAILABLE', 503, error.message, 10);
    if (error.kind === 'invalid') return invalidInput(error.message);
    return new CloudError('CONFLICT', 409, error.message);
  }
  return internal('the live call failed');
}
