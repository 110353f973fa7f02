import { type IncusClient, IncusError } from './incus-client.ts';

const CONFIG = {
  'features.images': 'false',
  'features.profiles': 'true',
  'features.storage.volumes': 'true',
  'features.networks': 'false',
};

/** Makes the project of Incus in which a tenant's instances are, unless it is there: two passes may want it at the same time. */
export async function makeTenantProject(client: IncusClient, name: string, description: string): Promise<void> {
  await client
    .call('POST', '/1.0/projects', { body: { name, description, config: CONFIG } })
    .catch((error: unknown) => {
      if (!(error instanceof IncusError) || !/already exists|UNIQUE constraint failed/i.test(error.message))
        throw error;
    });
}
