import { describeComputeEngine, describeNetworkEngine } from '../testing/engine-contracts.ts';
import { describeTerminals } from '../testing/terminal-contract.ts';
import { startTestPlatform } from './testing.ts';

describeComputeEngine('Incus', async () => {
  const platform = await startTestPlatform();
  return { engine: platform.compute, stop: () => platform.close() };
});

describeTerminals('Incus', async () => {
  const platform = await startTestPlatform();
  return { engine: platform.compute, stop: () => platform.close() };
});

describeNetworkEngine('Linux', async () => {
  const platform = await startTestPlatform();
  return { engine: platform.network, stop: () => platform.close() };
});
