import type { ServicePages } from '@thecloud/console';
import { InstanceCommand } from './command.tsx';
import { LaunchPage } from './launch.tsx';
import { InstanceLog } from './log.tsx';
import { InstanceMetrics } from './metrics.tsx';
import { obstacleOf, POWER } from './obstacles.ts';
import { PowerButtons } from './power.tsx';
import { InstanceSummary } from './summary.tsx';
import { InstanceTerminal } from './terminal.tsx';

/** What an instance's pages have beside, or in place of, the derived ones. */
export const pages: ServicePages = {
  create: LaunchPage,
  summary: InstanceSummary,
  actions: PowerButtons,
  ownActions: POWER.map((verb) => `instances.${verb}`),
  tabs: [
    { name: 'terminal', title: 'Terminal', operation: 'instances.terminal', content: InstanceTerminal },
    { name: 'log', title: 'Log', operation: 'instances.logs', content: InstanceLog },
    { name: 'metrics', title: 'Metrics', operation: 'instances.stats', content: InstanceMetrics },
    { name: 'command', title: 'Command', operation: 'instances.exec', content: InstanceCommand },
  ],
  // The menu of a row leaves out what cannot be done.
  fits: (operation, { status }) => {
    const verb = POWER.find((one) => operation === `instances.${one}`);
    return verb === undefined || obstacleOf(verb, String(status)) === undefined;
  },
};
