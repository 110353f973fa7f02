import type { Settings } from '../config.ts';
import type { Platform } from './supervise.ts';

/** What a person needs to know when the platform runs. */
export function readyMessage(platform: Platform, settings: Settings, seconds: number): string {
  const url = platform.addresses[0] ?? '(no address)';
  const instances = platform.engine.available ? 'ready to launch' : `not here. ${platform.engine.reason}`;
  return `
The Cloud is ready after ${seconds.toFixed(1)} s.

  API        ${url}      documentation: ${url}/docs
  Instances  ${instances}
  Data       ${settings.dataDir}   (logs/ holds the logs; secrets/master.key opens what is sealed: back it up)
  Database   ${platform.howToConnect}

  The first user to register is the operator:
    curl -X POST ${url}/auth/register -H 'content-type: application/json' \\
      -d '{"email":"you@example.com","password":"a long pass phrase","name":"You"}'
  then log in, which answers with an API key:
    curl -X POST ${url}/auth/login -H 'content-type: application/json' \\
      -d '{"email":"you@example.com","password":"a long pass phrase"}'
  or do both with the command: npm run cloud -- --help

Ctrl-C stops it.`;
}
