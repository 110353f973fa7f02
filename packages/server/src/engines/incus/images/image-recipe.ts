import { mkdir, writeFile } from 'node:fs/promises';
import { EngineError } from '../../../kernel/engine-error.ts';

/** How an image of the catalogue is made from the distribution's packages. */
export interface ImageRecipe {
  /** The catalogue's name, and the alias in Incus. */
  readonly name: string;
  /** Changes whenever the outcome changes; an image of an older version is built again. */
  readonly version: string;
  /** Milliseconds until a build is given up. */
  readonly timeoutMs: number;
  readonly description: string;
  /** Makes the root filesystem in the folder, which is there and empty. One line for people at each step. */
  buildRoot(folder: string, onProgress: (line: string) => void): Promise<void>;
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64', riscv64: 'riscv64' };

/**
 * Files that Incus writes into an instance before its first start. The values are keys of the instance's configuration, so one image
 * serves every network.
 */
const TEMPLATES: Readonly<Record<string, string>> = {
  '/etc/hostname': `{{ config_get("user.thecloud.hostname", "localhost") }}\n`,
  '/etc/hosts': `127.0.0.1 localhost\n{{ config_get("user.thecloud.address", "127.0.1.1") }} {{ config_get("user.thecloud.hostname", "localhost") }}.internal {{ config_get("user.thecloud.hostname", "localhost") }}\n`,
  '/etc/resolv.conf': `{% if config_get("user.thecloud.gateway", "") %}nameserver {{ config_get("user.thecloud.gateway", "") }}\nsearch internal\n{% endif %}`,
};

/** Writes metadata.yaml and templates/ beside rootfs/: together they are one "unified" Incus image. */
export async function writeMetadata(folder: string, recipe: ImageRecipe): Promise<void> {
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined)
    throw new EngineError('unavailable', `no image recipes for the architecture ${process.arch}`);
  await mkdir(`${folder}/templates`, { recursive: true });
  const templates: Record<string, { when: string[]; template: string }> = {};
  for (const [path, content] of Object.entries(TEMPLATES)) {
    const template = `${path.slice(1).replaceAll('/', '-')}.tpl`;
    templates[path] = { when: ['create', 'copy'], template };
    await writeFile(`${folder}/templates/${template}`, content);
  }
  const metadata = {
    architecture,
    // A fixed date: the same recipe and packages give the same image.
    creation_date: 1_700_000_000,
    properties: { description: recipe.description, name: recipe.name, recipe: recipe.version },
    templates,
  };
  // JSON is YAML.
  await writeFile(`${folder}/metadata.yaml`, JSON.stringify(metadata, undefined, 1));
}
