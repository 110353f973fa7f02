import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { refuseImport, refusePackage } from './lint-house.mjs';

const at = (path: string) => join(import.meta.dirname, '../packages', path);
const server = (path: string) => at(`server/src/${path}`);
const page = server('services/instances/console/instances.page.tsx');

describe('imports', () => {
  it('of a service’s pages lead to the console’s kit, react and each other only', () => {
    expect(refusePackage(page, '@thecloud/console')).toBeUndefined();
    expect(refusePackage(page, 'react')).toBeUndefined();
    expect(refusePackage(page, 'lucide-react')).toBeUndefined();
    expect(refusePackage(server('services/roles/console/permissions.test.ts'), 'vitest')).toBeUndefined();
    expect(refusePackage(page, 'vitest')).toMatch(/@thecloud\/console/);
    expect(refuseImport(page, server('services/instances/console/graph.tsx'), false)).toBeUndefined();
    for (const name of ['node:fs', 'pg', '@thecloud/sdk', 'react-dom', '@xterm/xterm', '@thecloud/console-evil'])
      expect(refusePackage(page, name), name).toMatch(/@thecloud\/console/);
    for (const path of ['kernel/errors.ts', 'services/instances/instance.ts', 'services/vpcs/console/map.tsx'])
      for (const typeOnly of [true, false])
        expect(refuseImport(page, server(path), typeOnly), path).toMatch(/@thecloud\/console/);
    expect(refuseImport(page, at('console/src/kit/button.tsx'), false)).toMatch(/@thecloud\/console/);
  });

  it('of the server never lead to pages', () => {
    for (const path of ['services/instances/index.ts', 'front/rest/routes.ts', 'main.ts', 'supervisor/start.ts'])
      expect(refuseImport(server(path), page, false), path).toMatch(/browser/);
    expect(refuseImport(server('services/console.test.ts'), page, false)).toBeUndefined();
  });

  it('of the console take types of the server, and nothing that runs', () => {
    const contract = at('console/src/contract.ts');
    expect(refuseImport(contract, server('kernel/described-console.ts'), true)).toBeUndefined();
    expect(refuseImport(contract, server('kernel/errors.ts'), false)).toMatch(/types/);
    expect(refuseImport(contract, at('console/src/kit/icon.tsx'), false)).toBeUndefined();
  });

  it('between the layers of the server go one way', () => {
    expect(refuseImport(server('kernel/page.ts'), server('services/vpcs/vpc.ts'), false)).toMatch(/kernel/);
    expect(refuseImport(server('services/keys/index.ts'), server('services/vpcs/vpc.ts'), false)).toMatch(/index\.ts/);
    expect(refuseImport(server('services/keys/index.ts'), server('services/vpcs/index.ts'), false)).toBeUndefined();
    expect(refusePackage(server('services/keys/index.ts'), 'pg')).toBeUndefined();
  });
});
