import type { CommonReason } from '../../kernel/pass.ts';

/** What the operator does about a reason, one sentence a code. */
const ADVICE: Readonly<Record<CommonReason, string>> = {
  WAITING_FOR_ENGINE:
    'look at the host with `cloud admin hosts list` and at the machine with `cloud doctor`; the work continues when the engine is back',
  ENGINE_FAILED: 'mend what last_error says, then run `cloud admin work retry`',
  ENGINE_REFUSED:
    'last_error says what the engine cannot do; the tenant must delete the resource and create it with another configuration',
  ENGINE_STUCK:
    'last_error names the processes and where in the kernel they wait; mend what they wait for, such as a disk that does not answer, or restart the host',
  DELETE_DELAYED: 'wait: the platform retries the deletion until it is done',
  DELETE_STUCK:
    'mend what last_error or the log of the worker says, for example by freeing disk space, restarting Incus, or, if processes do not end, restarting the host; the deletion then ends by itself',
};

/** Of services' own codes. */
const MORE: Readonly<Record<string, string>> = {
  WAITING_FOR_IMAGE: 'check that the image can be downloaded and that the disk has room; the work continues by itself',
  IMAGE_FAILED:
    'mend what last_error says, such as a server of images that cannot be reached, then run `cloud admin work retry`',
  WAITING_FOR_NETWORK: 'look for the VPC of the instance in this list, and mend it first',
  NETWORK_FAILED: 'look for the VPC of the instance in this list, mend it, then run `cloud admin work retry`',
  SECRET_MISSING: 'nothing: the tenant must create the secret that status_reason names, and start the instance',
  RESTING: 'nothing: the instance keeps ending, and its owner must mend its command',
};

const OF_KIND: Readonly<Record<string, string>> = {
  mail: 'set CLOUD_SMTP_URL and CLOUD_MAIL_FROM and restart; for a password, issue a token: `cloud admin users issue-reset`',
};

export const adviceFor = (kind: string, code: string | undefined): string =>
  (code === undefined ? undefined : ((ADVICE as Readonly<Record<string, string>>)[code] ?? MORE[code])) ??
  OF_KIND[kind] ??
  'mend what last_error says, then run `cloud admin work retry`';
