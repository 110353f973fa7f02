/** Why something cannot be done now, by status; what is missing here can. */
const OBSTACLES = {
  start: {
    RUNNING: 'It is running',
    STARTING: 'It is starting',
    STOPPING: 'It is stopping; start it when it has stopped',
    DELETING: 'It is being deleted',
  },
  stop: { STOPPED: 'It is stopped', STOPPING: 'It is stopping', DELETING: 'It is being deleted' },
  reboot: {
    STARTING: 'It is starting',
    STOPPING: 'It is stopping',
    STOPPED: 'It is stopped; start it instead',
    ERROR: 'It does not run; start it instead',
    DELETING: 'It is being deleted',
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, string>>>>;

export type Verb = keyof typeof OBSTACLES;
export const POWER = ['start', 'stop', 'reboot'] as const satisfies readonly Verb[];

/** Why an instance of this status cannot be started, stopped or rebooted; undefined: it can. */
export const obstacleOf = (verb: Verb, status: string): string | undefined =>
  (OBSTACLES[verb] as Readonly<Record<string, string>>)[status];
