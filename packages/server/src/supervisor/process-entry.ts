/** Entry of the bundle that the API and the worker run. */
import { startApi } from '../compose/api.ts';
import { startWorker } from '../compose/worker.ts';
import { runProcess } from './run-process.ts';

runProcess({ startApi, startWorker });
