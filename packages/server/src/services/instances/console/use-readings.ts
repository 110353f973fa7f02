import { CloudApiError, createReadings } from '@thecloud/console';
import { INTERVAL_MS, type Stats, withReading } from './samples.ts';

/** Reads what an instance uses every two seconds while it runs and the page is in sight. */
export const useReadings = createReadings<Stats>({
  operation: 'instances.stats',
  intervalMs: INTERVAL_MS,
  add: withReading,
  // It was stopped a moment ago: the page will know.
  passes: (error) => error instanceof CloudApiError && error.code === 'INSTANCE_NOT_RUNNING',
});
