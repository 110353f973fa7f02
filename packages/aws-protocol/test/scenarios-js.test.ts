import { describe } from 'vitest';
import { defineScenarios, SDK_PACKAGES, type Sdk } from './support/js-scenarios.ts';

describe('the pinned JS SDK', () => {
  defineScenarios(async () => {
    const entries = Object.entries(SDK_PACKAGES).map(async ([key, name]) => [key, await import(name)]);
    return Object.fromEntries(await Promise.all(entries)) as Sdk;
  }, true);
});
