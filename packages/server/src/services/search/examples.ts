import type { Example } from '../../kernel/example.ts';
import { insertVpc } from '../vpcs/examples.ts';
import type { searchOperations } from './operations.ts';

export const searchExamples: Record<keyof typeof searchOperations, Example> = {
  find: {
    input: async (world) => {
      await insertVpc(world);
      return { q: 'vpc' };
    },
    more: async (world) => {
      const id = await insertVpc(world);
      return [
        { q: id },
        { q: id.slice(0, 18) },
        { q: 'no such name' },
        { q: '%_\\' },
        { q: 'vpc', kind: 'vpc', limit: 5 },
      ];
    },
  },
};
