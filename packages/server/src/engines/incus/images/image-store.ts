import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { EngineError } from '../../../kernel/engine-error.ts';
import type { ImageState } from '../../../services/instances/compute-engine.ts';
import { fileExists } from '../../files.ts';
import { type IncusClient, IncusError, segment } from '../incus-client.ts';
import type { ImageRecipe } from './image-recipe.ts';
import { packImage } from './pack-image.ts';

interface IncusImage {
  readonly fingerprint: string;
  readonly aliases: readonly { readonly name: string }[];
  readonly properties: Readonly<Record<string, string>>;
}

interface Work {
  state: ImageState;
  done: Promise<void>;
}

/** The catalogue: which images Incus has, and the building of those it has not. Images live in Incus' default project, shared by all. */
export class ImageStore {
  readonly #client: IncusClient;
  readonly #folder: string;
  readonly #recipes: ReadonlyMap<string, ImageRecipe>;
  readonly #work = new Map<string, Work>();

  /** `folder` keeps built images, so that a recreated Incus needs no new build. */
  constructor(client: IncusClient, folder: string, recipes: readonly ImageRecipe[]) {
    this.#client = client;
    this.#folder = folder;
    this.#recipes = new Map(recipes.map((recipe) => [recipe.name, recipe]));
  }

  async states(): Promise<ReadonlyMap<string, ImageState>> {
    // Before the list is asked for: otherwise a build that ends in between would be in neither.
    const working = new Map([...this.#work].map(([name, work]) => [name, work.state]));
    const ready = await this.#listReady();
    const states = new Map<string, ImageState>();
    for (const name of this.#recipes.keys()) {
      states.set(name, ready.has(name) ? { state: 'ready' } : (working.get(name) ?? { state: 'absent' }));
    }
    return states;
  }

  /** Starts a build where there is no image and no build under way. Throws `invalid` for a name that is not in the catalogue. */
  async prepare(name: string, signal?: AbortSignal): Promise<ImageState> {
    const recipe = this.#recipes.get(name);
    if (recipe === undefined) {
      throw new EngineError(
        'invalid',
        `image '${name}' does not exist; choose one of: ${[...this.#recipes.keys()].join(', ')}`,
      );
    }
    const running = this.#work.get(name);
    if (running?.state.state === 'building') return running.state;
    if ((await this.#listReady(signal)).has(name)) return { state: 'ready' };
    // Another call may have begun while we looked.
    const since = this.#work.get(name);
    if (since?.state.state === 'building') return since.state;
    const work: Work = { state: { state: 'building', detail: `${name}: starting` }, done: Promise.resolve() };
    this.#work.set(name, work);
    work.done = this.#build(recipe, (line) => {
      work.state = { state: 'building', detail: `${name}: ${line}` };
    }).then(
      () => {
        this.#work.delete(name);
      },
      (error: unknown) => {
        work.state = { state: 'failed', detail: `${name}: ${error instanceof Error ? error.message : String(error)}` };
      },
    );
    return work.state;
  }

  /** Waits for the builds under way. */
  async settle(): Promise<void> {
    await Promise.all([...this.#work.values()].map((work) => work.done));
  }

  async #listReady(signal?: AbortSignal): Promise<ReadonlySet<string>> {
    const images = await this.#client.list<IncusImage>('/1.0/images', { query: { recursion: '1' }, signal });
    const ready = new Set<string>();
    for (const image of images) {
      for (const alias of image.aliases) {
        if (this.#recipes.get(alias.name)?.version === image.properties['recipe']) ready.add(alias.name);
      }
    }
    return ready;
  }

  async #build(recipe: ImageRecipe, onProgress: (line: string) => void): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = `${this.#folder}/${recipe.name.replaceAll('/', '-')}-${recipe.version}.squashfs`;
    if (!(await fileExists(file))) await packImage(recipe, this.#folder, file, onProgress);
    onProgress('importing into Incus');
    await this.#import(recipe, file);
  }

  async #import(recipe: ImageRecipe, file: string): Promise<void> {
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    const fingerprint = hash.digest('hex');
    const known = await this.#client.call('GET', `/1.0/images/${fingerprint}`).then(() => true, isNotFound);
    if (!known) await this.#client.upload('/1.0/images', createReadStream(file), (await stat(file)).size, 10 * 60_000);
    const alias = { name: recipe.name, target: fingerprint, description: recipe.description };
    const path = `/1.0/images/aliases/${segment(recipe.name)}`;
    const has = await this.#client.call('GET', path).then(() => true, isNotFound);
    if (has) await this.#client.call('PUT', path, { body: alias });
    else await this.#client.call('POST', '/1.0/images/aliases', { body: alias });
  }
}

function isNotFound(error: unknown): false {
  if (error instanceof IncusError && error.code === 404) return false;
  throw error;
}
