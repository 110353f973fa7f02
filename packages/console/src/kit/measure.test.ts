import { expect, it } from 'vitest';
import { measureOf } from './measure.ts';

it('names what a quota counts, with its unit', () => {
  expect(measureOf('memory_mb')).toEqual({ title: 'Memory', unit: 'MB' });
  expect(measureOf('disk_gb')).toEqual({ title: 'Disk', unit: 'GB' });
  expect(measureOf('vcpus')).toEqual({ title: 'vCPUs' });
  expect(measureOf('api_keys')).toEqual({ title: 'API keys' });
  expect(measureOf('load_balancers')).toEqual({ title: 'Load balancers' });
});
