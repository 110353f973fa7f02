import { EngineError, type EngineErrorKind } from '../kernel/engine-error.ts';
import { CloudError, conflict, internal, invalidInput, timedOut } from '../kernel/errors.ts';

/** What a caller hears of an engine's refusal. Its own words, which hold names and paths of the host, are for the log. */
const REFUSALS: Readonly<Record<EngineErrorKind, CloudError>> = {
  timeout: timedOut('the instance did not answer in time; try again'),
  unavailable: new CloudError('ENGINE_UNAVAILABLE', 503, 'the instance cannot be reached at the moment; try again', 10),
  invalid: invalidInput('the instance cannot do this; check the request'),
  not_found: conflict('the instance does not exist yet, or no longer exists; check its status'),
  stuck: conflict('processes in the instance do not end; stop the instance, which ends all of them'),
  failed: conflict('the instance could not do this; check its status, and try again'),
};

/** What a live call failed with, as the caller is told. `log` hears of everything that is not a refusal of ours. */
export function toCloudError(error: unknown, log: { warn(fields: object, message: string): void }): CloudError {
  if (error instanceof CloudError) return error;
  log.warn({ err: error }, 'a live call failed');
  return error instanceof EngineError ? REFUSALS[error.kind] : internal('the live call failed');
}
