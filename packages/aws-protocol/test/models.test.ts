import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadModel, MODEL_IDS, type Model } from '../src/index.ts';
import { extractModel } from '../tools/extract.ts';
import { render } from '../tools/render.ts';
import { SERVICES } from '../tools/services.ts';

const folder = new URL('../models/', import.meta.url);

describe('the committed models', { timeout: 60_000 }, () => {
  it('are those of the services, and under 3 MB together', () => {
    expect(Object.keys(SERVICES).sort()).toEqual([...MODEL_IDS]);
    const files = readdirSync(folder);
    expect(files.map((f) => f.replace('.json', '')).sort()).toEqual([...MODEL_IDS]);
    expect(files.reduce((sum, f) => sum + statSync(new URL(f, folder)).size, 0)).toBeLessThan(3e6);
  });

  it.each(MODEL_IDS)('%s is what the pinned SDK client gives', async (id) => {
    const extracted = await extractModel(id, SERVICES[id] as (typeof SERVICES)[string]);
    expect(render(extracted)).toBe(readFileSync(new URL(`${id}.json`, folder), 'utf8'));
  });

  it('link lazily and name what they do not know', () => {
    const model: Model = loadModel('sqs');
    expect(model.has('SendMessage') && !model.has('toString')).toBe(true);
    expect(() => model.operation('constructor')).toThrow(RangeError);
    expect(() => loadModel('nothing' as never)).toThrow(RangeError);
    expect(loadModel('sqs')).toBe(model);
    expect(
      model
        .operation('SendMessage')
        .input?.members.filter((m) => m.required)
        .map((m) => m.name),
    ).toEqual(['QueueUrl', 'MessageBody']);
  });

  it.each(MODEL_IDS)('%s: every constraint of the overlay names a member of the model', (id) => {
    const file = new URL(`../overlay/constraints/${id}.json`, import.meta.url);
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      return;
    }
    const names = new Set<string>();
    for (const line of readFileSync(new URL(`${id}.json`, folder), 'utf8').matchAll(/^\[(1|2|3|4|-3),"(\w+)",.*$/gm)) {
      const shape = JSON.parse(line[0].replace(/,$/, '')) as [number, string, unknown, string[]];
      if (shape[0] === 1) names.add(`${shape[1]}[]`);
      else if (shape[0] === 2) names.add(`${shape[1]}.key`).add(`${shape[1]}.value`);
      else for (const member of shape[3]) names.add(`${shape[1]}.${member}`);
    }
    const unknown = Object.keys((JSON.parse(text) as { constraints: object }).constraints).filter(
      (name) => !names.has(name),
    );
    expect(unknown).toEqual([]);
  });
});
