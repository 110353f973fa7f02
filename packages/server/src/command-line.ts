import { describeSettings, loadSettings, type Settings, SettingsError } from './config.ts';

const HELP = `The Cloud: a cloud that you own, on one Linux machine.

  npm start                      start it, in the foreground; installs first what is missing
  npm start -- --help            this text
  npm start -- --version
  npm run migrate                run the migrations of DATABASE_URL and exit (also: npm start -- -migrate-only)
  npm run migrate -- status      down: take one back. up-to N: run those up to number N

Settings, by environment:
`;

/** What the person asked for. */
export type Command =
  | { readonly kind: 'tell'; readonly text: string }
  | { readonly kind: 'migrate'; readonly settings: Settings; readonly args: readonly string[] }
  | { readonly kind: 'run'; readonly settings: Settings };

/**
 * Reads the words after `npm start --` and the settings. `npm start` does this before it installs anything, on whatever Node there is, so
 * nothing here needs a package.
 * @throws SettingsError about a word or a setting that cannot be.
 */
export function readCommand(args: readonly string[], env: NodeJS.ProcessEnv, readManifest: () => string): Command {
  const [first = '', ...rest] = args;
  if (['--help', '-h', 'help'].includes(first)) return { kind: 'tell', text: HELP + describeSettings() };
  if (['--version', '-v', 'version'].includes(first)) {
    const manifest = JSON.parse(readManifest()) as { version: string };
    return { kind: 'tell', text: manifest.version };
  }
  const settings = loadSettings(env);
  if (first === 'migrate') return { kind: 'migrate', settings, args: rest };
  if (first === '-migrate-only' || first === '--migrate-only') {
    if (rest.length > 0) {
      throw new SettingsError(
        `${first} ${rest.join(' ')}: ${first} applies pending migrations and takes no arguments; run npm run migrate -- ${rest.join(' ')}`,
      );
    }
    return { kind: 'migrate', settings, args: [] };
  }
  if (first !== '') throw new SettingsError(`unknown argument '${first}'; see npm start -- --help`);
  return { kind: 'run', settings };
}
