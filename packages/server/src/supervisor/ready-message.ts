import type { Settings } from '../config.ts';
import type { Platform } from './supervise.ts';

type Ready = Pick<Platform, 'addresses' | 'awsAddress' | 'engine' | 'hasConsole' | 'howToConnect' | 'processes'>;

/** What a person needs to know when the platform runs. */
export function readyMessage(
  platform: Ready,
  settings: Pick<Settings, 'dataDir' | 'publicUrl'>,
  seconds: number,
): string {
  const url = platform.addresses[0] ?? '(no address)';
  const pages = `${settings.publicUrl ?? url}/console/      open it in a browser; the first user to register is the operator`;
  return `
The Cloud is ready after ${seconds.toFixed(1)} s.

  Console    ${platform.hasConsole ? pages : 'not available, for the reason above'}
  API        ${url}      documentation: ${url}/docs
  Instances  ${describeInstances(platform, settings)}
  Data       ${settings.dataDir}   (logs in logs/; back up secrets/master.key, without which no secret can be unsealed)
  Database   ${platform.howToConnect}

  Or in another terminal in this folder:
    npx cloud register${url === 'http://127.0.0.1:8080' ? '' : ` --endpoint ${url}`}
${firstSteps(platform)
  .map((step) => `    npx cloud ${step}`)
  .join('\n')}
${pointAwsClients(platform)}
Press Ctrl-C to stop.`;
}

/** What a terminal needs for the AWS CLI, SDKs and what builds on them, once its user is logged in. */
function pointAwsClients({ awsAddress }: Ready): string {
  if (awsAddress === undefined) return '';
  return `
  To connect AWS clients to ${awsAddress}:
    eval "$(npx cloud aws env)"
    aws sts get-caller-identity
`;
}

/** Only what comes to an end here: without an engine a VPC is kept, and waits. */
function firstSteps(platform: Ready): readonly string[] {
  return platform.engine.available
    ? ['vpcs create main --wait', 'instances launch web --image busybox --vpc-id main --wait']
    : ['whoami', 'keys create my-key', 'instance-types list'];
}

function describeInstances(platform: Ready, settings: Pick<Settings, 'dataDir'>): string {
  if (!platform.engine.available) return `not available. ${platform.engine.reason}`;
  const incus = platform.processes().find((one) => one.name === 'Incus');
  if (incus?.pid === undefined) return `not yet: Incus does not start; retrying. See ${settings.dataDir}/incusd.log`;
  return 'ready to launch';
}
