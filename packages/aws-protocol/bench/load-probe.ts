import { loadModel, MODEL_IDS, type ModelId } from '../src/index.ts';

const id = process.argv[2] as ModelId | 'all';
const before = process.memoryUsage().rss;
const started = process.cpuUsage();
let operations = 0;
for (const name of id === 'all' ? MODEL_IDS : [id]) {
  const model = loadModel(name);
  for (const operation of model.operationNames) model.operation(operation);
  operations += model.operationNames.length;
}
const { user, system } = process.cpuUsage(started);
process.send?.({ ms: (user + system) / 1000, mib: (process.memoryUsage().rss - before) / (1 << 20), operations });
