import { describeComputeEngine, describeNetworkEngine } from './engine-contracts.ts';
import { createFakeComputeEngine, createFakeNetworkEngine } from './fake-engines.ts';
import { describeTerminals } from './terminal-contract.ts';

const stop = async () => undefined;
describeComputeEngine('the fake', async () => ({ engine: createFakeComputeEngine(), stop }));
describeTerminals('the fake', async () => ({ engine: createFakeComputeEngine(), stop }));
describeNetworkEngine('the fake', async () => ({ engine: createFakeNetworkEngine(), stop }));
