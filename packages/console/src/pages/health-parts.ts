/** A part of the platform, as people read it. */
export interface Part {
  readonly name: string;
  readonly title: string;
  readonly what: string;
  readonly isUp: boolean;
  /** Why it is down, as the check says. */
  readonly reason?: string;
  readonly wayOut: string;
}

/** What each check of `/health` looks at, and what to do. */
const KNOWN: Readonly<Record<string, Pick<Part, 'title' | 'what' | 'wayOut'>>> = {
  database_primary: {
    title: 'Database',
    what: 'PostgreSQL answers: without it nothing works.',
    wayOut: 'Look at the server and its disk with: cloud doctor',
  },
  worker: {
    title: 'Worker',
    what: 'A worker has reported within 20 seconds: without one nothing is launched, changed or deleted.',
    wayOut: 'Look at the log of the worker; it is started again by itself. If it stays away: cloud doctor',
  },
  engine: {
    title: 'Engine',
    what: 'Incus runs the instances of at least one host.',
    wayOut: 'Instances that run keep running. Look at the page of hosts and at: systemctl status incus',
  },
  storage: {
    title: 'Storage',
    what: 'The disks have room for what is promised to instances.',
    wayOut: 'Free or add disk space, or drain the host so that it takes no launches.',
  },
};

/** What the checks say, those that are down first. A result is `UP`, or `DOWN: <reason>` for who may know it. */
export function partsOf(checks: Readonly<Record<string, string>>): readonly Part[] {
  return Object.entries(checks)
    .map(([name, result]) => {
      const reason = /^DOWN: (.+)$/s.exec(result)?.[1];
      const known = KNOWN[name] ?? { title: name, what: '', wayOut: 'Look at it with: cloud doctor' };
      return {
        name,
        ...known,
        isUp: result === 'UP',
        ...(reason === undefined ? {} : { reason: reason.charAt(0).toUpperCase() + reason.slice(1) }),
      };
    })
    .sort((one, other) => Number(one.isUp) - Number(other.isUp));
}
