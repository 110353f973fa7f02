import { createRequire } from 'node:module';
import { describe } from 'vitest';
import { olderJsSdk } from './support/install.ts';
import { defineScenarios, SDK_PACKAGES, type Sdk } from './support/js-scenarios.ts';

/** The last version of November 2025: no schemas yet, generated serializers, CRC32 checksums by default. */
const YEAR_BEFORE = '3.936.0';

describe(`the JS SDK of a year before, ${YEAR_BEFORE}`, () => {
  defineScenarios(async () => {
    const home = await olderJsSdk(Object.values(SDK_PACKAGES), YEAR_BEFORE);
    const require = createRequire(`${home}/package.json`);
    return Object.fromEntries(
      Object.entries(SDK_PACKAGES).map(([key, name]) => [key, require(name)]),
    ) as unknown as Sdk;
  }, false);
});
