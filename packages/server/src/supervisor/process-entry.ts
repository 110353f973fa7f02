/** Entry of the bundle that the API and the worker run. */
import { startApi, startWorker } from '../compose.ts';
import { runProcess } from './run-process.ts';

runProcess({ startApi, startWorker });
