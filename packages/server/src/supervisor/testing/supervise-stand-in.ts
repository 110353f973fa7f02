/** Runs the supervisor with stand-in processes; argument: the checkout. */
import { loadSettings, readEnvironment } from '../../config.ts';
import { SettingsError } from '../../setting-readers.ts';
import { supervise } from '../supervise.ts';

const settings = loadSettings(readEnvironment());
const told = new Promise<void>((resolve) => process.once('SIGTERM', () => resolve()));
try {
  const platform = await supervise({
    settings,
    repository: process.argv[2] ?? '',
    entry: 'packages/server/src/supervisor/testing/stand-in-entry.ts',
    searchPath: readEnvironment()['PATH'] ?? '',
    say: (line) => console.log(line),
    patience: { everyMs: 400, looks: 10 },
    engine: { available: false, reason: 'none in this test' },
  });
  console.log(`processes ${JSON.stringify(platform.processes())}`);
  console.log(`ready at ${platform.addresses[0]}`);
  await told;
  await platform.stop(new AbortController().signal);
  process.exit(0);
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error);
  process.exit(error instanceof SettingsError ? 2 : 1);
}
