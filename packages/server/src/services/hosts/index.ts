export { createHostWorker, reportHost } from './report-host.ts';
